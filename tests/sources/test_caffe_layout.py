from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import inception_viz as iv
from inception_viz.architecture import GoogLeNetConfig, steps
from inception_viz.network import GoogLeNet
from inception_viz.sources import Layout, fill_network, read_caffemodel, read_layout
from tests.conftest import noise_photo, sample

Blobs = dict[str, tuple[np.ndarray, ...]]


def paper_forward(blobs: Mapping[str, tuple[np.ndarray, ...]], x: Tensor) -> dict[str, Tensor]:
    """BVLC's deploy.prototxt, written down a second time from the blobs alone."""

    def layer(name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight, bias = (torch.from_numpy(np.array(b)) for b in blobs[name])
        return F.relu(F.conv2d(x, weight, bias.flatten(), stride, weight.shape[-1] // 2))

    def pool(x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def linear(name: str, x: Tensor) -> Tensor:
        weight, bias = (torch.from_numpy(np.array(b)) for b in blobs[name])
        return F.linear(x.flatten(1), weight.reshape(weight.shape[-2:]), bias.flatten())

    def head(name: str, x: Tensor) -> Tensor:
        x = layer(f"{name}/conv", F.avg_pool2d(x, 5, 3))
        return linear(f"{name}/classifier", F.relu(linear(f"{name}/fc", x)))

    out: dict[str, Tensor] = {}
    x = F.local_response_norm(pool(layer("conv1/7x7_s2", x, 2)), 5)
    x = F.local_response_norm(layer("conv2/3x3", layer("conv2/3x3_reduce", x)), 5)
    x = pool(x)
    for module in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        i = f"inception_{module}"
        out[f"{module}/1x1"] = layer(f"{i}/1x1", x)
        out[f"{module}/3x3"] = layer(f"{i}/3x3", layer(f"{i}/3x3_reduce", x))
        out[f"{module}/5x5"] = layer(f"{i}/5x5", layer(f"{i}/5x5_reduce", x))
        out[f"{module}/pool"] = layer(f"{i}/pool_proj", F.max_pool2d(x, 3, 1, 1))
        x = torch.cat([out[f"{module}/{b}"] for b in ("1x1", "3x3", "5x5", "pool")], 1)
        if module == "4a" and "loss1/fc" in blobs:
            out["aux1"] = head("loss1", x)
        if module == "4d" and "loss2/fc" in blobs:
            out["aux2"] = head("loss2", x)
        x = pool(x) if module in ("3b", "4e") else x
    out["main"] = linear("loss3/classifier", F.avg_pool2d(x, 7))
    return out


def layout_of(blobs: Blobs, where: str = "made.caffemodel") -> Layout:
    kinds = ("weight", "bias", "2")
    state = {
        f"{name}.{kind}": torch.from_numpy(np.array(blob))
        for name, own in blobs.items()
        for kind, blob in zip(kinds, own, strict=False)
    }
    return read_layout(state, where)


def network_of(blobs: Blobs, where: str = "made.caffemodel") -> GoogLeNet:
    layout = layout_of(blobs, where)
    return fill_network(layout.config, layout.state, layout.names, where)


def made_up(heads: bool = True, classes: int = 5) -> Blobs:
    """Random blobs of the paper's shapes, in Caffe's old four-number form where it had one."""
    chance = np.random.default_rng(0)

    def blob(*shape: int) -> np.ndarray:
        values = chance.standard_normal(shape) * (2 / max(prod(shape[1:]), 1)) ** 0.5
        return np.asarray(values, dtype=np.float32)

    def conv(inputs: int, outputs: int, kernel: int) -> tuple[np.ndarray, ...]:
        return blob(outputs, inputs, kernel, kernel), blob(1, 1, 1, outputs) * 0.1

    def linear(inputs: int, outputs: int) -> tuple[np.ndarray, ...]:
        return blob(1, 1, outputs, inputs), blob(outputs) * 0.1

    config = GoogLeNetConfig.paper()
    blobs: Blobs = {
        "conv1/7x7_s2": conv(3, 64, 7),
        "conv2/3x3_reduce": conv(64, 64, 1),
        "conv2/3x3": conv(64, 192, 3),
    }
    for module, row in config.modules.items():
        inputs, i = steps(config)[module][0].inputs, f"inception_{module}"
        blobs[f"{i}/1x1"] = conv(inputs, row.f_1x1, 1)
        blobs[f"{i}/3x3_reduce"] = conv(inputs, row.f_3x3_r, 1)
        blobs[f"{i}/3x3"] = conv(row.f_3x3_r, row.f_3x3, 3)
        blobs[f"{i}/5x5_reduce"] = conv(inputs, row.f_5x5_r, 1)
        blobs[f"{i}/5x5"] = conv(row.f_5x5_r, row.f_5x5, 5)
        blobs[f"{i}/pool_proj"] = conv(inputs, row.f_pp or 0, 1)
    for head, inputs in (("loss1", 512), ("loss2", 528)) if heads else ():
        blobs[f"{head}/conv"] = conv(inputs, 128, 1)
        blobs[f"{head}/fc"] = linear(2048, 1024)
        blobs[f"{head}/classifier"] = linear(1024, classes)
    return blobs | {"loss3/classifier": linear(1024, classes)}


def compare(network: torch.nn.Module, x: Tensor, expected: dict[str, Tensor]) -> None:
    with torch.no_grad():
        logits = network(x, heads=True)
    for head, value in logits._asdict().items():
        if value is not None:
            torch.testing.assert_close(value, expected[head], rtol=1e-4, atol=1e-3)


def test_every_blob_lands_in_its_place() -> None:
    blobs = made_up()
    network = network_of(blobs)
    assert list(network.config.heads) == ["aux1", "aux2"]
    x = torch.randn(1, 3, 224, 224) * 50
    compare(network, x, paper_forward(blobs, x))


def test_without_heads() -> None:
    layout = layout_of(made_up(heads=False))
    assert not layout.config.heads
    assert "no auxiliary heads" in layout.notes[0]


def test_batch_norms_are_folded() -> None:
    """Caffe's BatchNorm (sums and a factor) and Scale, computed layer by layer beside it."""
    blobs = made_up(heads=False)
    chance = np.random.default_rng(1)

    def normed(x: Tensor, own: tuple[np.ndarray, ...], scale: tuple[np.ndarray, ...]) -> Tensor:
        mean, variance, factor = (torch.from_numpy(np.array(b)) for b in own)
        gamma, beta = (torch.from_numpy(np.array(b))[:, None, None] for b in scale)
        x = (x - (mean / factor)[:, None, None]) / (
            (variance / factor)[:, None, None] + 1e-5
        ).sqrt()
        return x * gamma + beta

    def draw(width: int) -> np.ndarray:
        return np.asarray(chance.uniform(0.5, 1.5, width), dtype=np.float32)

    own = draw(64), draw(64), np.asarray([2.0], dtype=np.float32)
    scale = draw(64), draw(64)
    with_norm = blobs | {"conv1/7x7_s2/bn": own, "conv1/7x7_s2/scale": scale}
    x = torch.randn(1, 3, 224, 224) * 50
    weight, bias = (torch.from_numpy(np.array(b)) for b in blobs["conv1/7x7_s2"])
    plain = F.conv2d(x, weight, bias.flatten(), 2, 3)[0]
    with torch.no_grad():
        found = dict(network_of(with_norm).walk(x, upto="conv1"))["conv1"][0]
    torch.testing.assert_close(found, F.relu(normed(plain, own, scale)), rtol=1e-4, atol=1e-2)
    assert any("folded" in note for note in layout_of(with_norm).notes)


def test_the_real_weights_against_the_second_implementation(
    bvlc: iv.Classifier, caffemodel: Path
) -> None:
    blobs = read_caffemodel(caffemodel)
    for photo in (sample("cat"), noise_photo(0)):
        trace = bvlc.trace(photo)
        expected = paper_forward(blobs, trace.input.contiguous())
        torch.testing.assert_close(trace.logits, expected["main"][0], rtol=0, atol=1e-3)
        for module, branches in trace.branches.items():
            for branch, maps in branches.items():
                torch.testing.assert_close(
                    maps, expected[f"{module}/{branch}"][0], rtol=1e-4, atol=1e-2
                )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b.pop("inception_4c/5x5"), ["lacks", "5×5", "4c"]),
        (lambda b: b.pop("loss3/classifier"), ["no classifier"]),
        (lambda b: b.update({"inception_4c/7x7": b["conv2/3x3"]}), ["7x7", "another network"]),
        (lambda b: b.update({"conv2/3x3": b["conv2/3x3"][:1]}), ["lacks", "conv2/3x3.bias"]),
        (
            lambda b: b.update({"conv2/3x3": (b["conv2/3x3"][0][:, :5], b["conv2/3x3"][1])}),
            ["conv2/3x3", "192×5×3×3", "192×64×3×3"],
        ),
    ],
)
def test_missing_and_misshapen_blobs_are_named(change: object, words: list[str]) -> None:
    blobs = made_up()
    change(blobs)  # type: ignore[operator]
    with pytest.raises(iv.WeightsError) as error:
        network_of(blobs)
    assert all(word in str(error.value) for word in [*words, "made.caffemodel"])


@pytest.mark.parametrize(
    ("change", "heads", "note"),
    [
        (lambda b: b.pop("loss2/fc"), ["aux1"], "aux2 lacks a layer"),
        (lambda b: b.pop("loss1/classifier"), ["aux2"], "aux1 lacks a layer"),
        (lambda b: b.update(loss=b["conv2/3x3"]), ["aux1", "aux2"], '"loss.bias", "loss.weight"'),
    ],
)
def test_heads_and_strays_are_left_out_with_a_note(
    change: object, heads: list[str], note: str
) -> None:
    blobs = made_up()
    change(blobs)  # type: ignore[operator]
    layout = layout_of(blobs)
    assert list(layout.config.heads) == heads
    assert any(note in said for said in layout.notes), layout.notes


def test_a_places_network_has_its_names_and_its_colours() -> None:
    layout = layout_of(made_up(classes=365))
    assert layout.known.labels[:2] == ("airfield", "airplane cabin")
    assert (layout.known.labels[364], len(set(layout.known.labels))) == ("zen garden", 365)
    assert layout.known.preprocessing.mean == (104.0437, 112.6004, 116.7894)
    assert any("Places365" in note for note in layout.notes)


def renamed(blobs: Blobs, names: dict[str, str]) -> Blobs:
    return {names.get(name, name): own for name, own in blobs.items()}


def with_heads_of(blobs: Blobs, classes: int) -> Blobs:
    other = made_up(classes=classes)
    return blobs | {
        f"{loss}/classifier": other[f"{loss}/classifier"] for loss in ("loss1", "loss2")
    }


LOSSES = ("loss1/classifier", "loss2/classifier", "loss3/classifier")


@pytest.mark.parametrize(
    ("blobs", "heads", "note"),
    [
        (renamed(made_up(), {loss: f"{loss}_pets" for loss in LOSSES}), ["aux1", "aux2"], ""),
        (
            renamed(with_heads_of(made_up(), 1000), {LOSSES[2]: "pets_loss3/classifier"}),
            [],
            "1000 other classes",
        ),
        (with_heads_of(made_up(), 1000), [], "1000 other classes"),
        (
            renamed(made_up(heads=False), {LOSSES[2]: "embedding_l2"}),
            [],
            '"embedding_l2" was taken for the classifier',
        ),
    ],
)
def test_classifiers_that_fine_tuning_renamed(blobs: Blobs, heads: list[str], note: str) -> None:
    layout = layout_of(blobs)
    assert (layout.config.classes, list(layout.config.heads)) == (5, heads)
    assert any(note in said for said in layout.notes) or not note
    x = torch.randn(1, 3, 224, 224) * 50
    back = {name: loss for loss in LOSSES for name in blobs if name.startswith(loss)}
    back |= {name: LOSSES[2] for name in blobs if "loss3" in name or "embed" in name}
    plain = renamed(blobs, back)
    with torch.no_grad():
        found = network_of(blobs)(x).main
    torch.testing.assert_close(found, paper_forward(plain, x)["main"], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("classes", [1, 5])
def test_a_classifier_stored_as_a_convolution(classes: int) -> None:
    blobs = made_up(heads=False, classes=classes)
    weight, bias = blobs["loss3/classifier"]
    matrix = weight.reshape(weight.shape[-2:])
    blobs["loss3/classifier"] = matrix[:, :, None, None], bias
    network = network_of(blobs)
    np.testing.assert_array_equal(network.classifier.weight, matrix)
