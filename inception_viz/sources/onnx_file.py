"""Read the initialisers of an ONNX file: its weights by name. No node is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from inception_viz.errors import WeightsError
from inception_viz.files.foreign import shown
from inception_viz.sources.protobuf import fields_in
from inception_viz.sources.state_files import MAX_TENSORS, check_size, check_tensors
from inception_viz.sources.stored import State, Stored

MAX_FIELDS = 100_000
_OWN = ("config", "labels", "preprocessing", "trained_heads")


def read_stored(path: Path) -> Stored:
    """The initialisers of at least one dimension, and what this project's export wrote beside them.

    Raises:
        WeightsError: if the file is damaged, too large, or keeps its weights in another file.
    """
    check_size(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} can't be read ({error.strerror or error}).") from error
    _refuse_swarms(content, path.name)
    import onnx  # slow to import
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path.name} is no ONNX file, or it is truncated. Download it again."
        ) from error
    state: State = {}
    for tensor in model.graph.initializer:
        name = str(tensor.name)  # protobuf gives bytes where it isn't UTF-8
        where = f'The weights "{shown(name)}" of {path.name}'
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise WeightsError(
                f"{where} lie in another file. Save the network as one file: "
                "onnx.save(model, path, save_as_external_data=False)."
            )
        if not tensor.dims or tensor.data_type not in (
            onnx.TensorProto.FLOAT,
            onnx.TensorProto.FLOAT16,
            onnx.TensorProto.DOUBLE,
        ):
            continue
        try:
            state[name] = torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise WeightsError(
                f"{where} have another size than they claim. It is damaged."
            ) from error
    if not state:
        raise WeightsError(f"{path.name} is an ONNX file without weights in it.")
    entries = {str(entry.key): str(entry.value) for entry in model.metadata_props}
    metadata = {key: value for key, value in entries.items() if key in _OWN}
    if "config" in metadata:
        _add_zero_biases(model.graph.node, state)
    return Stored({"": check_tensors(path, state)}, metadata)


def _add_zero_biases(nodes: Any, state: State) -> None:
    """Our exporter leaves out biases that are all zero."""
    for node in nodes:
        if node.op_type not in ("Conv", "Gemm") or len(node.input) != 2:
            continue
        layer, _, kind = str(node.input[1]).rpartition(".")
        kernel = state.get(node.input[1])
        if kind == "weight" and kernel is not None and kernel.dim():
            state.setdefault(f"{layer}.bias", torch.zeros(len(kernel)))


def _refuse_swarms(content: bytes, name: str) -> None:
    """Count what a graph holds from its tags alone: millions of empty parts fill the memory."""
    for number, kind, start, end in fields_in(content, most=MAX_FIELDS):
        if number == 7 and kind == 2:
            parts = [n for n, _, _, _ in fields_in(content, start, end, MAX_FIELDS)]
            if parts.count(5) > MAX_TENSORS or len(parts) >= MAX_FIELDS:
                raise WeightsError(f"{name} has far more parts than a GoogLeNet.")
