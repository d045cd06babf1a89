"""Read the constants of a frozen TensorFlow graph (``.pb``), with protobuf alone.

The messages' field names and numbers are facts of the format (TensorFlow's graph.proto,
node_def.proto, attr_value.proto, tensor.proto). No operation is run; only constants count.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from google.protobuf.message import DecodeError, Message

from inception_viz.errors import WeightsError
from inception_viz.files.foreign import shown
from inception_viz.sources.protobuf import fields_in, messages
from inception_viz.sources.state_files import check_size, check_tensors
from inception_viz.sources.stored import State, Stored

MAX_NODES = 20_000
MAX_VALUES = 2**28
_FLOAT, _HALF, _DOUBLE = 1, 19, 2  # of DataType
_TYPES = {_FLOAT: "<f4", _HALF: "<f2", _DOUBLE: "<f8"}
_SCHEMA = {
    "Dim": {"size": (1, "int64")},
    "Shape": {"dim": (2, "*Dim")},
    "Tensor": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "Shape"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "+float"),
    },
    "AttrValue": {"tensor": (8, "Tensor")},
    "AttrEntry": {"key": (1, "string"), "value": (2, "AttrValue")},
    "Node": {"name": (1, "string"), "op": (2, "string"), "attr": (5, "*AttrEntry")},
    "Graph": {"node": (1, "*Node")},
}


@cache
def graph_messages() -> dict[str, type[Message]]:
    """The schema as protobuf classes."""
    return messages(_SCHEMA, "tensorflow_graph")


def read_stored(path: Path) -> Stored:
    """The graph's constants of one dimension or more, by the names of their nodes.

    Raises:
        WeightsError: if the file is damaged, too large, or holds no such constants.
    """
    check_size(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} can't be read ({error.strerror or error}).") from error
    nodes = sum(number == 1 for number, _, _, _ in fields_in(content, most=MAX_NODES + 1))
    if nodes > MAX_NODES:
        raise WeightsError(f"{path.name} has far more nodes than a GoogLeNet.")
    graph: Any = graph_messages()["Graph"]()
    try:
        graph.ParseFromString(content)
    except (DecodeError, UnicodeDecodeError) as error:
        raise WeightsError(
            f"{path.name} is no frozen TensorFlow graph, or it is truncated. Download it again."
        ) from error
    state: State = {}
    for node in graph.node:
        if node.op != "Const" or not isinstance(node.name, str):
            continue
        for attr in node.attr:
            if attr.key == "value" and attr.value.tensor.dtype in _TYPES:
                where = f'The constant "{shown(node.name)}" of {path.name}'
                array = _array(attr.value.tensor, where)
                if array.ndim:
                    state[node.name] = torch.from_numpy(array)
    if not state:
        raise WeightsError(
            f"{path.name} is a TensorFlow graph without weights. Freeze it first: its variables "
            "lie in a checkpoint beside it."
        )
    return Stored({"": check_tensors(path, state)})


def _array(tensor: Any, where: str) -> np.ndarray:
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    count = math.prod(shape)
    if len(shape) > 8 or any(side < 0 for side in shape) or count > MAX_VALUES:
        raise WeightsError(f"{where} claims the shape {shape}. It is damaged.")
    kind = np.dtype(_TYPES[tensor.dtype])
    if tensor.tensor_content:
        if len(tensor.tensor_content) != count * kind.itemsize:
            raise WeightsError(f"{where} has another size than its shape says. It is damaged.")
        return np.frombuffer(tensor.tensor_content, kind).astype(np.float32).reshape(shape)
    values = np.array(tensor.float_val, dtype=np.float32)
    if len(values) == 1 and count <= 2**20:  # one value stands for all
        return np.full(shape, values[0], dtype=np.float32)
    if len(values) != count:
        raise WeightsError(f"{where} has another size than its shape says. It is damaged.")
    return values.reshape(shape)
