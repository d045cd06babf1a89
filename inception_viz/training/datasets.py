"""Named datasets: where they lie, and how they come there, whole or not at all."""

from __future__ import annotations

import os
import tarfile
import tempfile
from pathlib import Path

from inception_viz.errors import DataError, FileError
from inception_viz.files.cache import cache_dir, remove
from inception_viz.files.downloads import Progress, download
from inception_viz.files.paths import is_folder

# As torchvision's Imagenette and CIFAR10 have them, the folder that each unpacks to, and its title.
ARCHIVES = {
    "imagenette": (
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
        "md5:e793b78cc4c9e9a4ccc0c1155377a412",
        "imagenette2-160",
        "Imagenette",
    ),
    "cifar10": (
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "md5:c58f30108f718f92721af3b95e74349a",
        "cifar-10-batches-py",
        "CIFAR-10",
    ),
}
NAMED = tuple(ARCHIVES)
VARIABLE = "INCEPTION_VIZ_DATA"


def datasets_dir() -> Path:
    """Where named datasets are downloaded to, unless told otherwise."""
    return cache_dir() / "datasets"


def root_of(name: str) -> Path | None:
    """The folder that holds a named dataset, if it is on this computer.

    That which ``INCEPTION_VIZ_DATA`` names comes before :func:`datasets_dir`.
    """
    named = os.environ.get(VARIABLE)
    roots = [*([Path(named)] if named else []), datasets_dir()]
    return next((root for root in roots if is_folder(root / ARCHIVES[name][2])), None)


def imagenette_folder(root: Path) -> Path:
    """Where torchvision's ``Imagenette(root, size="160px")`` keeps its pictures."""
    return root / ARCHIVES["imagenette"][2]


def fetch(name: str, root: Path, progress: Progress | None = None) -> None:
    """Download a dataset of ``ARCHIVES`` and unpack it below ``root``, unless its folder is there.

    ``progress`` is told the bytes done and the total; an exception in it stops the download.

    Raises:
        DataError: in a sentence for the user.
    """
    url, checksum, folder, _ = ARCHIVES[name]
    if is_folder(root / folder):
        return
    try:
        archive = download(
            url, root / Path(url).name, checksum=checksum, progress=progress, max_bytes=2**31
        )
        # Beside its place first: half a dataset looks like a whole one.
        with tempfile.TemporaryDirectory(dir=root, prefix=f".{folder}.") as beside:
            with tarfile.open(archive) as tar:
                tar.extractall(beside, filter="data")
            (Path(beside) / folder).replace(root / folder)
    except FileError as error:
        raise DataError(f"{name} can't be fetched. {error}") from error
    except (OSError, tarfile.TarError) as error:
        raise DataError(
            f"{name} can't be unpacked in {root} ({getattr(error, 'strerror', None) or error}). "
            "Free some space or allow writing there, and try again."
        ) from error
    remove(archive)
