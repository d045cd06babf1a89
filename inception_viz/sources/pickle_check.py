"""Look through a checkpoint's pickles before torch reads them.

``weights_only=True`` runs no code, but still obeys a pickle that asks for a bytearray of any size
or builds millions of empty objects. A state dict needs a handful of names and few operations.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from pathlib import Path
from typing import IO

from inception_viz.sources.errors import WeightsError
from inception_viz.sources.zip_entries import most_entries

MAX_PICKLE_BYTES = 8 * 2**20
MAX_OPERATIONS = 500_000
MAX_RECORDS = 50_000
_LEGACY_PICKLES = 5  # magic number, version, system, the object, keys of the storages
_NEEDED = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_(tensor|tensor_v2|parameter)|torch Size|"
    r"torch \w*Storage|torch\.storage \w*Storage"
)


def check_pickles(path: Path) -> None:
    """Refuse a checkpoint whose pickles ask for anything but tensors, or for too much.

    Raises:
        WeightsError: in a sentence for the user.
    """
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                for _ in range(_LEGACY_PICKLES):
                    _check_pickle(path, file)
            return
        with path.open("rb") as file:
            if most_entries(file) > MAX_RECORDS:
                raise _too_much(path)
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
                raise WeightsError(  # PyTorch stores its records uncompressed
                    f"{path.name} would unpack to more than its own size, which PyTorch's files "
                    "never do. Save it again with torch.save."
                )
            for entry in archive.infolist():
                if entry.filename.endswith(".pkl"):
                    if entry.file_size > MAX_PICKLE_BYTES:
                        raise _too_much(path)
                    with archive.open(entry) as file:
                        _check_pickle(path, file)
    except WeightsError:
        raise
    except Exception as error:  # pickletools and zipfile raise many types on damaged files
        raise WeightsError(
            f"{path.name} can't be read as a PyTorch checkpoint ({type(error).__name__}). It may "
            "be truncated or of another format; copy or download it again."
        ) from error


def _check_pickle(path: Path, file: IO[bytes]) -> None:
    for count, (operation, argument, _) in enumerate(pickletools.genops(file)):
        if count > MAX_OPERATIONS:
            raise _too_much(path)
        if operation.name in ("STACK_GLOBAL", "INST") or (
            operation.name == "GLOBAL" and not _NEEDED.fullmatch(str(argument))
        ):
            raise WeightsError(
                f"{path.name} holds more than tensors, and only tensors are read because anything "
                "else could run code. Save the state dict: torch.save(model.state_dict(), path)."
            )


def _too_much(path: Path) -> WeightsError:
    return WeightsError(f"{path.name} describes far more than the weights of a network.")
