"""Source ``torchvision``: ``GoogLeNet_Weights.IMAGENET1K_V1``, ImageNet, 1000 classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from inception_viz.errors import WeightsError
from inception_viz.files.cache import cached, set_aside
from inception_viz.files.downloads import Progress, download
from inception_viz.files.paths import is_file
from inception_viz.sources.base import Source, Weights
from inception_viz.sources.file import TORCHVISION_HASH, file_hash, load_file

FILE = f"googlenet-{TORCHVISION_HASH}.pth"  # torchvision puts the first digits into the name
URL = f"https://download.pytorch.org/models/{FILE}"
DOWNLOAD_BYTES = 52_147_035
NOTES = (
    "The 5×5 branch of these weights convolves with 3×3 kernels, as its TensorFlow original did "
    "(pytorch/vision#906).",
    "The auxiliary heads of these weights were never trained; they are left out.",
)


def _file() -> Path | None:
    """The file in our cache or where torchvision itself keeps it."""
    for path in (cached(FILE), Path(torch.hub.get_dir()) / "checkpoints" / FILE):
        if is_file(path):
            return path
    return None


def available() -> bool:
    """Whether the file lies in our cache or torchvision's."""
    return _file() is not None


def fetch(progress: Progress | None = None) -> None:
    """Download the file that torchvision itself would, into our cache.

    Not through torchvision's function: that waits for a silent server without end and can't be
    stopped. Nothing is done if the file is there; one that can't be used is set aside.

    Raises:
        DownloadError: in a sentence for the user.
    """
    if available():
        try:
            load()
            return
        except WeightsError:
            set_aside(cached(FILE))
    download(URL, cached(FILE), checksum=f"sha256:{TORCHVISION_HASH}", progress=progress)


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
    if not file_hash(path).startswith(TORCHVISION_HASH):
        raise WeightsError(
            f"{path} is damaged, or not torchvision's file (wrong checksum). Download it again."
        )
    return replace(load_file(path), trained_heads=("main",), notes=NOTES)


SOURCE = Source(
    id="torchvision",
    title="torchvision GoogLeNet",
    summary="torchvision's weights: batch norm, 1000 ImageNet classes (69.8 % top-1, 89.5 % "
    "top-5), with a 3×3 kernel in the 5×5 branch.",
    load=load,
    available=available,
    fetch=fetch,
    download_bytes=DOWNLOAD_BYTES,
    where=URL,
    fetched=available,
)
