"""Safetensors files that nobody vouches for, and tensors of any file put into a network.

A tensor may claim a shape far larger than its data, so sizes are checked before anything is read,
and names, shapes and types before any arithmetic.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import FileError, WeightsError
from inception_viz.files.cache import atomic_write
from inception_viz.files.foreign import shown
from inception_viz.files.paths import is_file
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.stored import State, Stored

MAX_FILE_BYTES = 2**30
MAX_TENSORS = 20_000
MAX_HEADER_BYTES = 4 * 2**20
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_COUNTERS = (torch.int64, torch.int32)


def read_stored(path: Path) -> Stored:
    """As :func:`read_safetensors`, in the form that all readers give."""
    state, metadata = read_safetensors(path)
    return Stored({"": state}, metadata)


def read_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises:
        WeightsError: if the file is missing, too large or not in this format.
    """
    check_size(path)
    try:
        # Read, not mapped into memory: a mapped file that somebody cuts short ends the process.
        content = path.read_bytes()
        entries = _header(io.BytesIO(content))
        if len(entries) > MAX_TENSORS:
            raise WeightsError(f"{path.name} holds {len(entries):,} tensors, too many to read.")
        metadata, tensors = _texts(entries.get("__metadata__")), load(content)
    except (SafetensorError, OSError, ValueError, KeyError, RecursionError) as error:
        raise WeightsError(
            f"{path.name} can't be read as safetensors ({shown(str(error), 200)}). It may be "
            "truncated or of another format; copy or download it again."
        ) from error
    return check_tensors(path, tensors), metadata


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file alone; empty if it can't be read."""
    try:
        with path.open("rb") as file:
            return _texts(_header(file).get("__metadata__"))
    except (OSError, ValueError, RecursionError):
        return {}


def _header(file: IO[bytes]) -> dict[str, Any]:
    """What stands in front of the tensors: name → type, shape and place, and the metadata."""
    size = int.from_bytes(file.read(8), "little")
    if size > MAX_HEADER_BYTES:
        raise ValueError("its header would be too large")
    header = json.loads(file.read(size))
    if not isinstance(header, dict):
        raise ValueError("its header lists no tensors")
    return header


def _texts(metadata: object) -> dict[str, str]:
    values = metadata.items() if isinstance(metadata, dict) else ()
    return {key: value for key, value in values if isinstance(value, str)}


def write_safetensors(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write atomically; metadata values that aren't strings are stored as JSON.

    Raises:
        FileError: if it can't be written.
    """
    text = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
    with atomic_write(path) as temporary:
        try:
            save_file({k: v.contiguous() for k, v in state.items()}, temporary, metadata=text)
        except SafetensorError as error:  # its word for whatever the disk refused
            raise FileError(
                f"{path} can't be written ({error}). Free some space or choose another folder."
            ) from error


def fill_network(
    config: GoogLeNetConfig, state: Mapping[str, Tensor], names: Mapping[str, str], where: str
) -> GoogLeNet:
    """A network of ``config`` in eval mode with the tensors of ``state`` as float32.

    ``state`` has our parameter names; ``names`` maps them to those in the file, for sentences.
    Shapes are compared before anything is allocated.

    Raises:
        WeightsError: naming what is missing, left over, misshapen or not finite.
    """
    with torch.device("meta"):  # shapes only, no memory
        network = GoogLeNet(config).eval()
    wanted = network.state_dict()
    left_over = sorted(names.get(name, name) for name in set(state) - set(wanted))
    if left_over:
        raise WeightsError(
            f'{where} has weights that this network has no place for: "{shown(left_over[0])}"'
            f"{_and_more(left_over)}. Give the config that the weights were trained with."
        )
    loaded = {}
    for name, expected in wanted.items():
        theirs = names.get(name, name)
        if name not in state:
            if name.endswith("num_batches_tracked"):  # a counter for training; old files lack it
                loaded[name] = torch.tensor(0)
                continue
            raise WeightsError(f'{where} lacks "{shown(theirs)}". Use the complete file.')
        loaded[name] = _checked(state[name], expected, shown(theirs), where)
    network.load_state_dict(loaded, assign=True)
    return network.requires_grad_(False)


def _checked(value: Tensor, expected: Tensor, name: str, where: str) -> Tensor:
    if value.dim() == 4 == expected.dim() and value.shape[1] == 1 != expected.shape[1] == 3:
        raise WeightsError(
            f"{where} is a network for grey pictures: its first layer reads one channel. Only "
            "networks that read three colours can be shown."
        )
    if value.shape != expected.shape:
        stored, wanted = ("×".join(map(str, t.shape)) or "a number" for t in (value, expected))
        raise WeightsError(f'"{name}" in {where} is {stored}; this network needs {wanted}.')
    readable = _FLOATS if expected.is_floating_point() else _COUNTERS
    if value.dtype not in readable:
        raise WeightsError(f'"{name}" in {where} holds {value.dtype}, which is not used here.')
    # A copy of its own: a view would keep the whole file's storage alive.
    value = value.detach().to(expected.dtype, copy=True).contiguous()
    # The smallest and the largest of all: seven times quicker than to ask each value.
    if value.numel() and not all(end.isfinite() for end in torch.aminmax(value)):
        raise WeightsError(f'"{name}" in {where} has values that are not finite; it is damaged.')
    if name.endswith("running_var") and (value < 0).any():
        raise WeightsError(f'"{name}" in {where} has a variance below 0; it is damaged.')
    return value


def check_size(path: Path) -> None:
    """Refuse what is no file, is empty, or is too large to be weights of a GoogLeNet."""
    try:
        if not is_file(path):
            raise WeightsError(f"There is no file {path}. Check the path.")
        size = path.stat().st_size
    except OSError as error:
        raise WeightsError(f"{path} can't be read ({error.strerror}).") from error
    if not size:
        raise WeightsError(f"{path.name} is empty. Copy or download it again.")
    if size > MAX_FILE_BYTES:
        raise WeightsError(
            f"{path.name} is {size / 2**20:,.0f} MiB; weights of at most "
            f"{MAX_FILE_BYTES // 2**20:,} MiB are read."
        )


def check_tensors(path: Path, tensors: State) -> State:
    """The same tensors, if all are plain ones whose values are really there."""
    if not 0 < len(tensors) <= MAX_TENSORS:
        raise WeightsError(f"{path.name} holds {len(tensors):,} tensors; that is no GoogLeNet.")
    for name, tensor in tensors.items():
        if tensor.is_quantized:
            raise WeightsError(
                f'"{shown(name)}" in {path.name} is quantized: its values are rounded to whole '
                "numbers. Use the weights from before the quantization."
            )
        if tensor.layout != torch.strided or tensor.is_meta:
            raise WeightsError(f'"{shown(name)}" in {path.name} is not a plain tensor.')
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise WeightsError(
                f'"{shown(name)}" in {path.name} claims more values than are stored. '
                "The file is damaged or built to mislead."
            )
    return tensors


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
