"""TensorFlow's graphs and ONNX files, bent in their meaning and in their bytes."""

from __future__ import annotations

import random
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper

import inception_viz as iv
from inception_viz.architecture import AuxHeadConfig, GoogLeNetConfig, ModuleRow, StemConfig
from inception_viz.export import save_onnx
from inception_viz.sources import graph_messages
from tests.hostile.mutation import NUMBERS, TEXTS, bent, damaged
from tests.sources import graphs

_ROW = ModuleRow(2, 1, 2, 1, 2, 1)


@cache
def graph_seed() -> bytes:
    """A small inception5h."""
    return graphs.graph(graphs.constants(shrink=32, classes=3))


def bent_graph(chance: random.Random) -> bytes:
    """Half of it in the messages' meaning, half in their bytes."""
    data = graph_seed()
    if chance.random() < 0.5:
        return damaged(data, chance, (data,))
    graph: Any = graph_messages()["Graph"]()
    graph.ParseFromString(data)
    node = chance.choice([node for node in graph.node if node.op == "Const"])
    tensor = node.attr[0].value.tensor
    match chance.randrange(6):
        case 0:
            node.name = chance.choice([t for t in TEXTS if t.isprintable()])
        case 1:
            tensor.tensor_shape.dim.add(size=chance.choice(NUMBERS[:28]) * chance.choice((1, -1)))
        case 2:
            tensor.float_val.extend([chance.choice((0.0, float("nan"), 3e38))] * 3)
            if chance.random() < 0.7:
                tensor.tensor_content = b""
        case 3:
            tensor.dtype = chance.choice((0, 1, 2, 3, 19, 100))
        case 4:
            tensor.tensor_content = tensor.tensor_content[: chance.randrange(9)]
        case _:
            graph.node.remove(node)
    changed: bytes = graph.SerializeToString()
    return changed


@cache
def onnx_seeds() -> tuple[bytes, ...]:
    """Our own export, and a file with the zoo's names that lacks most layers."""
    config = GoogLeNetConfig.paper(
        stem=StemConfig(2, 2, 2),
        stage3=(_ROW,),
        stage4=(_ROW,),
        stage5=(_ROW,),
        classes=3,
        aux1=AuxHeadConfig("4a", 2, 4),
        aux2=None,
        input_size=96,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.onnx"
        save_onnx(iv.load("random", config=config), path)
        own = path.read_bytes()
    values = graphs.constants(shrink=32, classes=3)
    tensors = [
        numpy_helper.from_array(values["conv2d0_w"], "conv1/7x7_s2_w_0"),
        numpy_helper.from_array(values["softmax2_w"], "loss3/classifier_w_0"),
    ]
    zoo = onnx.helper.make_model(onnx.helper.make_graph([], "x", [], [], tensors))
    return own, zoo.SerializeToString()


def bent_onnx(chance: random.Random) -> bytes:
    """Half of it in the messages' meaning, half in their bytes."""
    data = chance.choice(onnx_seeds())
    if chance.random() < 0.5:
        return damaged(data, chance, onnx_seeds())
    model = onnx.load_model_from_string(data)
    tensor = chance.choice(list(model.graph.initializer))
    match chance.randrange(6):
        case 0:
            tensor.name = bent(tensor.name, chance).encode("utf-8", "ignore").decode()
        case 1:
            tensor.dims.append(chance.choice(NUMBERS[:28]) * chance.choice((1, -1)))
        case 2:
            tensor.data_type = chance.choice((0, 1, 7, 10, 11, 16, 23))
        case 3:
            tensor.raw_data = tensor.raw_data[: chance.randrange(9)]
        case 4 if model.metadata_props:
            entry = chance.choice(list(model.metadata_props))
            entry.value = bent(entry.value, chance).encode("utf-8", "ignore").decode()
        case _:
            tensor.data_location = onnx.TensorProto.EXTERNAL
    changed: bytes = model.SerializeToString()
    return changed
