"""Source ``torchvision``: ``GoogLeNet_Weights.IMAGENET1K_V1``, ImageNet, 1000 classes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from inception_viz.sources.base import Source, Weights
from inception_viz.sources.cache import cached, exclusive
from inception_viz.sources.download import Progress
from inception_viz.sources.errors import DownloadError, WeightsError
from inception_viz.sources.file import load_file

FILE = "googlenet-1378be20.pth"
DOWNLOAD_BYTES = 52_147_035
NOTES = (
    "The 5×5 branch of these weights convolves with 3×3 kernels, as its TensorFlow original did "
    "(pytorch/vision#906).",
    "The auxiliary heads of these weights were never trained; they are left out.",
)


def _file() -> Path | None:
    """The file in our cache or where torchvision itself keeps it."""
    for path in (cached(FILE), Path(torch.hub.get_dir()) / "checkpoints" / FILE):
        if path.is_file():
            return path
    return None


def available() -> bool:
    """Whether the file lies in our cache or torchvision's."""
    return _file() is not None


def fetch(progress: Progress | None = None) -> None:
    """Download through torchvision's own API into our cache; it checks the hash.

    Raises:
        DownloadError: in a sentence for the user.
    """
    target = cached(FILE)
    with exclusive(target):
        if _file():
            return
        enum = _weights_enum()
        try:
            with _watched(target, progress):
                enum.get_state_dict(model_dir=str(target.parent), progress=False, check_hash=True)
        except (OSError, RuntimeError) as error:
            raise DownloadError(
                f"The weights could not be downloaded from {enum.url} ({error}). Check the "
                f"connection and try again, or put the file into {target.parent}."
            ) from error


def load() -> Weights:
    """Map torchvision's state dict into our network.

    Raises:
        WeightsError: if the file isn't there or is damaged.
    """
    path = _file()
    if path is None:
        raise WeightsError(
            "torchvision's weights are not on this computer yet. Download them, or put "
            f"{FILE} into {cached(FILE).parent}."
        )
    return replace(load_file(path), trained_heads=("main",), notes=NOTES)


def _weights_enum() -> Any:
    import_module("inception_viz._torchvision")  # must come first, whatever sorts imports
    return import_module("torchvision.models").GoogLeNet_Weights.IMAGENET1K_V1


@contextmanager
def _watched(target: Path, progress: Progress | None) -> Iterator[None]:
    """Report the growth of torch's temporary file, for it offers a terminal's bar alone."""
    done = threading.Event()

    def watch() -> None:
        while progress is not None and not done.wait(0.3):
            with suppress(OSError):  # it is renamed at the end
                partials = [p.stat() for p in target.parent.glob(f"{FILE}.*partial")]
                if partials:
                    newest = max(partials, key=lambda stat: stat.st_mtime)
                    progress(newest.st_size, DOWNLOAD_BYTES)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


SOURCE = Source(
    id="torchvision",
    title="torchvision GoogLeNet",
    summary="torchvision's weights: batch norm, 1000 ImageNet classes (69.8 % top-1, 89.5 % "
    "top-5), with a 3×3 kernel in the 5×5 branch.",
    load=load,
    available=available,
    fetch=fetch,
    download_bytes=DOWNLOAD_BYTES,
    can_stop=False,
    where="download.pytorch.org",
)
