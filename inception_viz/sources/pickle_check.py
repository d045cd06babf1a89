"""Look through a checkpoint's pickles before torch reads them.

``weights_only=True`` runs no code, but still obeys a pickle that asks for a bytearray of any size,
builds millions of empty objects, or shows it a tuple of tuples that takes for ever to compare. A
state dict needs a handful of names and few operations, so its pickles are gone through here first,
with numbers in place of objects.
"""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from pathlib import Path
from typing import IO, Any

from inception_viz.errors import WeightsError
from inception_viz.files.foreign import check_directory, shown

MAX_PICKLE_BYTES = 8 * 2**20
MAX_OPERATIONS = 500_000
MAX_DIRECTORY_ENTRIES = 50_000
_MAX_SIZE = 2_000_000  # of an object with everything in it, counted as often as it is referred to
_PROTOCOL = 2  # torch.save's own; torch warns of any other
_LEGACY_PICKLES = 5  # magic number, version, system, the object, keys of the storages
_ORDERED = "collections OrderedDict"
_MADE = "an OrderedDict"  # what calling it gives
# What may be called is what torch.load(weights_only=True) calls, less what makes odd tensors.
_CALLED = re.compile(
    rf"{_ORDERED}|collections Counter|torch\._utils _rebuild_(tensor|tensor_v2|parameter)"
    r"|torch\._utils _rebuild_parameter_with_state|torch (Size|device)"
    r"|torch\.serialization _get_layout|_codecs encode|(builtins|__builtin__) (set|complex)"
)
_NAMED = re.compile(
    r"torch \w*Storage|torch\.storage \w*Storage|torch\.nn\.parameter Parameter"
    r"|torch q?u?(float|int|bfloat|complex|bool)\w*|torch per_(tensor|channel)_\w+"
)
_MODEL = re.compile(r"torch\.nn\.modules\S* |torchvision\.models\S* |(__main__|models?\S*) [A-Z]")
_NEEDED = frozenset(
    """
    PROTO STOP MARK GLOBAL REDUCE BUILD BINPERSID NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1
    BINFLOAT BINUNICODE SHORT_BINSTRING EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND
    APPENDS EMPTY_DICT SETITEM SETITEMS EMPTY_SET BINPUT LONG_BINPUT BINGET LONG_BINGET
    """.split()  # noqa: SIM905
)
_Value = int | str | None  # a size, a name, or a mark


def check_archive(path: Path) -> None:
    """Refuse a ZIP whose directory alone would fill the memory.

    Raises:
        WeightsError: in a sentence for the user.
    """
    with path.open("rb") as file:
        if not check_directory(file, MAX_DIRECTORY_ENTRIES):
            raise _too_much(path.name)


def check_pickles(path: Path) -> None:
    """Refuse a checkpoint whose pickles ask for anything but tensors, or for too much.

    Raises:
        WeightsError: in a sentence for the user.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PK\3\4":  # torch looks no further either
                _check_archive(path.name, file)
                return
            file.seek(0)
            for _ in range(_LEGACY_PICKLES):
                _check_pickle(path.name, file)
    except WeightsError:
        raise
    except Exception as error:  # pickletools and zipfile raise many types on damaged files
        raise WeightsError(
            f"{path.name} can't be read as a PyTorch checkpoint ({type(error).__name__}). It may "
            "be truncated or of another format; copy or download it again."
        ) from error


def _check_archive(name: str, file: IO[bytes]) -> None:
    """Let only archives pass that can be read in one way alone."""
    size = file.seek(0, io.SEEK_END)
    if not check_directory(file, MAX_DIRECTORY_ENTRIES):
        raise _too_much(name)
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > size:
            raise WeightsError(  # PyTorch stores its records uncompressed
                f"{name} would unpack to more than its own size, which PyTorch's files "
                "never do. Save it again with torch.save."
            )
        names = {entry.orig_filename.casefold() for entry in entries}
        if len(names) < len(entries) or any(e.filename != e.orig_filename for e in entries):
            raise WeightsError(
                f"{name} holds several records of one name, which PyTorch's files never do. "
                "Save it again with torch.save."
            )
        for entry in entries:
            if entry.filename.casefold().endswith(".pkl"):
                if entry.file_size > MAX_PICKLE_BYTES:
                    raise _too_much(name)
                _check_pickle(name, io.BytesIO(archive.read(entry)))


def _check_pickle(where: str, file: IO[bytes]) -> None:
    """Go through one pickle.

    The stack holds what a number of objects an object consists of, or the name of a global. That of
    a list or dict which grows after it was remembered is too low; but those are never compared.
    """
    stack: list[_Value] = []
    argument: Any
    memo: dict[int, _Value] = {}
    for count, (operation, argument, _) in enumerate(pickletools.genops(file)):
        if count > MAX_OPERATIONS:
            raise _too_much(where)
        name = operation.name
        if name == "PROTO" and argument != _PROTOCOL:
            raise _other_protocol(where, argument)
        if name not in _NEEDED:
            raise _more_than_tensors(where)
        if name == "GLOBAL":
            if not _CALLED.fullmatch(str(argument)) and not _NAMED.fullmatch(str(argument)):
                raise _more_than_tensors(where, str(argument))
            stack.append(str(argument))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        else:
            taken = _take(operation, stack)
            if name == "REDUCE" and not _CALLED.fullmatch(str(taken[0])):
                raise _more_than_tensors(where)
            if name == "BUILD" and taken[0] != _MADE:
                raise _more_than_tensors(where)
            size = 1 + sum(value for value in taken if isinstance(value, int))
            if size > _MAX_SIZE:
                raise _too_much(where)
            ordered = taken and (taken[0] == _MADE or (name == "REDUCE" and taken[0] == _ORDERED))
            for kind in operation.stack_after:
                mark = kind is pickletools.markobject
                stack.append(None if mark else _MADE if ordered else size)


def _take(
    operation: pickletools.OpcodeInfo, stack: list[int | str | None]
) -> list[int | str | None]:
    """Take what the operation takes from the stack."""
    before = list(operation.stack_before)
    above: list[_Value] = []
    if pickletools.markobject in before:
        while (value := stack.pop()) is not None:
            above.append(value)
        before = before[: before.index(pickletools.markobject)]
    if len(before) > len(stack) or None in stack[len(stack) - len(before) :]:
        raise ValueError("the stack is empty")
    taken = stack[len(stack) - len(before) :]
    del stack[len(stack) - len(before) :]
    return taken + above


def _more_than_tensors(where: str, what: str = "") -> WeightsError:
    if what.endswith(" _rebuild_qtensor"):
        return WeightsError(
            f"{where} holds a quantized network: its weights are rounded to whole numbers. Use the "
            "weights from before the quantization."
        )
    if _MODEL.match(what):
        return WeightsError(
            f"{where} holds a whole model ({_dotted(what)}), and reading it would run code. "
            "Load it where it was made and save its weights alone: "
            "torch.save(model.state_dict(), path)."
        )
    named = f" (it asks for {_dotted(what)})" if what else ""
    return WeightsError(
        f"{where} holds more than tensors{named}, and only tensors, numbers and texts are read "
        "because anything else could run code. Open it where it was made and save the state dict "
        "alone: torch.save(model.state_dict(), path)."
    )


def _dotted(name: str) -> str:
    return shown(name.replace(" ", "."), 80)


def _other_protocol(where: str, protocol: object) -> WeightsError:
    return WeightsError(
        f"{where} is a Python pickle of protocol {protocol}, not what torch.save writes by "
        f"default (protocol {_PROTOCOL}). Save the state dict again: "
        "torch.save(model.state_dict(), path)."
    )


def _too_much(where: str) -> WeightsError:
    return WeightsError(f"{where} describes far more than the weights of a network.")
