from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

import inception_viz as iv
from inception_viz.architecture import LrnConfig, cost
from inception_viz.sources import caffe_messages, load_file, read_caffemodel
from tests.conftest import noise_photo
from tests.sources import graphs
from tests.sources.test_caffe_layout import made_up, paper_forward


@pytest.fixture(scope="module")
def values() -> graphs.Constants:
    return graphs.constants()


@pytest.fixture(scope="module")
def file(values: graphs.Constants, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "tensorflow_inception_graph.pb"
    path.write_bytes(graphs.graph(values))
    return path


def test_the_graph_gives_the_same_logits(values: graphs.Constants, file: Path) -> None:
    classifier = iv.load(file)
    config = classifier.config
    assert (config.lrn, config.padding) == (LrnConfig(11, 11e-4, 0.5, 2.0), "same")
    assert (config.modules["4a"].f_3x3, config.modules["5a"].f_5x5_r) == (204, 48)
    found = cost.layers(config)
    assert cost.totals(found).parameters == 13_461_996
    assert cost.totals(cost.at_inference(found)).parameters == 7_066_380
    trace = classifier.trace(noise_photo(3))
    expected = graphs.forward(values, trace.input + 117)
    assert trace.heads.keys() == expected.keys()
    for head, logits in expected.items():
        torch.testing.assert_close(trace.heads[head], logits[0], rtol=1e-4, atol=1e-4)


def test_its_classes_are_in_the_order_of_the_development_kit(file: Path) -> None:
    weights = load_file(file)
    assert len(weights.labels) == 1008
    assert [weights.labels[i] for i in (0, 1, 2, 8, 449, 999, 1000, 1001)] == [
        "dummy", "kit fox", "English setter", "Egyptian cat", "tench", "carbonara", "dumbbell",
        "unused 1001",
    ]  # fmt: skip
    assert weights.trained_heads == ("main", "aux1", "aux2")
    assert not weights.assumed


def as_lucent(values: graphs.Constants) -> dict[str, torch.Tensor]:
    """Without heads, as that port is."""
    made = {}
    for name, value in values.items():
        layer, kind = name[:-2], {"w": "weight", "b": "bias"}[name[-1]]
        if layer.startswith(("head", "nn", "softmax0", "softmax1")):
            continue
        end = "pre_activation_matmul" if layer == "softmax2" else "pre_relu_conv"
        tensor = torch.from_numpy(value)
        tensor = {4: lambda t: t.permute(3, 2, 0, 1), 2: lambda t: t.t(), 1: lambda t: t}[
            value.ndim
        ](tensor)
        made[f"{layer}_{end}.{kind}"] = tensor.contiguous()
    return made


PARTS = ("1x1", "3x3_bottleneck", "3x3", "5x5_bottleneck", "5x5")


def as_captum(values: graphs.Constants) -> dict[str, torch.Tensor]:
    made = {}
    parts = {part: f"conv_{part}".replace("bottleneck", "reduce") for part in PARTS}
    parts["pool_reduce"] = "pool_proj"
    stem = {"conv2d0": "conv1", "conv2d1": "conv2", "conv2d2": "conv3", "softmax2": "fc"}
    for name, value in as_lucent(values).items():
        layer = name.partition("_pre_")[0]
        kind = name.rpartition(".")[2]
        module, _, part = layer.partition("_")
        made[f"{stem.get(layer) or f'{module}.{parts[part]}'}.{kind}"] = value
    return made


@pytest.mark.parametrize("port", [as_lucent, as_captum])
def test_its_ports_are_the_same_network(
    port: object, values: graphs.Constants, file: Path, tmp_path: Path
) -> None:
    torch.save(port(values), tmp_path / "port.pth")  # type: ignore[operator]
    ported, original = load_file(tmp_path / "port.pth"), load_file(file)
    assert not ported.network.config.heads
    assert ported.labels == original.labels
    assert ported.preprocessing == original.preprocessing
    assert ported.network.config.lrn == original.network.config.lrn
    mine = original.network.state_dict()
    for name, value in ported.network.state_dict().items():
        torch.testing.assert_close(value, mine[name], rtol=0, atol=0)


def test_damaged_graphs_are_refused(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    path = tmp_path / "cut.pb"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(iv.WeightsError, match=r"cut\.pb"):
        load_file(path)
    name = b"softmax2_w"
    path.write_bytes(content.replace(name, b"softmax9_w"))
    with pytest.raises(iv.WeightsError, match="no classifier"):
        load_file(path)


# The ONNX zoo's googlenet ------------------------------------------------------------------------


def test_the_zoos_file_gives_the_same_logits(tmp_path: Path) -> None:
    blobs = made_up(heads=False, classes=1000)
    tensors = []
    for layer, (weight, bias) in blobs.items():
        linear = layer == "loss3/classifier"
        weight = weight.reshape(weight.shape[-2:]) if linear else weight
        tensors.append(numpy_helper.from_array(weight, f"{layer}_w_0"))
        tensors.append(numpy_helper.from_array(bias.flatten(), f"{layer}_b_0"))
    tensors.append(numpy_helper.from_array(np.array([1, 1024]), "OC2_DUMMY_1"))
    made = onnx.helper.make_model(onnx.helper.make_graph([], "googlenet", [], [], tensors))
    path = tmp_path / "googlenet-9.onnx"
    onnx.save(made, path)
    classifier = iv.load(path)
    assert classifier.preprocessing.mean == (103.939, 116.779, 123.68)
    assert classifier.preprocessing.channels == "BGR"
    assert not classifier.config.heads
    trace = classifier.trace(noise_photo(2))
    expected = paper_forward(blobs, trace.input.contiguous())["main"][0]
    torch.testing.assert_close(trace.logits, expected, rtol=1e-4, atol=1e-3)


def test_weights_in_another_file_are_not_looked_for(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(np.zeros((4, 4), np.float32), "conv1/7x7_s2_w_0")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    made = onnx.helper.make_model(onnx.helper.make_graph([], "x", [], [], [tensor]))
    (tmp_path / "x.onnx").write_bytes(made.SerializeToString())
    with pytest.raises(iv.WeightsError, match="lie in another file"):
        load_file(tmp_path / "x.onnx")


# Caffe's relatives --------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "kind"), [(1, "<f4"), (2, "<f2"), (0, "<f8")])
def test_nvidias_raw_values(code: int, kind: str, tmp_path: Path) -> None:
    net = caffe_messages()["NetParameter"](name="x")
    layer = net.layer.add(name="conv")  # type: ignore[attr-defined]
    expected = np.arange(6, dtype=np.float32).reshape(2, 3) / 4
    blob = layer.blobs.add(raw_data_type=code, raw_data=expected.astype(kind).tobytes())
    blob.shape.dim.extend((2, 3))
    (tmp_path / "x").write_bytes(net.SerializeToString())
    np.testing.assert_array_equal(read_caffemodel(tmp_path / "x")["conv"][0], expected)
    blob.raw_data = blob.raw_data[:-1]
    (tmp_path / "x").write_bytes(net.SerializeToString())
    with pytest.raises(iv.WeightsError, match="damaged"):
        read_caffemodel(tmp_path / "x")
    blob.raw_data_type = 3
    (tmp_path / "x").write_bytes(net.SerializeToString())
    with pytest.raises(iv.WeightsError, match="type 3"):
        read_caffemodel(tmp_path / "x")


def test_a_places_file_with_heads(tmp_path: Path) -> None:
    blobs = made_up(classes=365)
    net = caffe_messages()["NetParameter"](name="GoogleNet")
    for name, own in blobs.items():
        layer = net.layer.add(name=name)  # type: ignore[attr-defined]
        for value in own:
            blob = layer.blobs.add(data=value.ravel())
            blob.shape.dim.extend(value.shape)
    path = tmp_path / "googlenet_places365.caffemodel"
    path.write_bytes(net.SerializeToString())
    classifier = iv.load(path)
    assert classifier.labels[:1] == ("airfield",)
    trace = classifier.trace(noise_photo(4))
    expected = paper_forward(blobs, trace.input.contiguous())
    for head in ("main", "aux1", "aux2"):
        torch.testing.assert_close(trace.heads[head], expected[head][0], rtol=1e-4, atol=1e-3)
