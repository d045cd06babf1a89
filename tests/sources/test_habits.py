"""Checkpoints as people save them: each opens, or is refused in a sentence that is true."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import inception_viz as iv
from inception_viz.sources import load_file
from tests.sources import habits

HEADS = {
    "no_heads.pth": [],
    "heads_of_1000.pth": [],
    "one_head.pth": ["aux1"],
    "head_without_classifier.pth": ["aux2"],
    "one_output.pth": [],
    "dropout_and_linear.pth": [],
    "named_head.pth": [],
    "renamed_head.pth": [],
    "convolution_head.pth": [],
}


@pytest.mark.parametrize("name", habits.OPEN)
def test_it_opens(name: str, tmp_path: Path) -> None:
    weights = load_file(habits.write(tmp_path, name, habits.OPEN[name]()))
    config = weights.network.config
    assert config.classes == (1 if name.startswith("one_output") else 5)
    assert list(config.heads) == HEADS.get(name, ["aux1", "aux2"])
    assert (config.norm, config.kernel_5x5) == {
        "biases_5x5.pth": ("none", "5"),
        "biases_3x3.pth": ("none", "3"),
    }.get(name, ("batch", "3"))
    expected = habits.state(heads=None)["inception4b.branch3.0.conv.weight"]
    found = weights.network.state_dict()["trunk.4b.branches.5x5.reduce.conv.weight"]
    if config.norm == "batch":  # the others draw other numbers
        torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-2)
    inside = name in ("classes_inside.pth", "class_to_idx.pth")
    assert (weights.labels == tuple(habits.CLASSES)) == inside
    assert ("labels" in weights.assumed) == (not inside)


@pytest.mark.parametrize("name", habits.REFUSED)
def test_it_is_refused(name: str, tmp_path: Path) -> None:
    content, words = habits.REFUSED[name]
    path = habits.write(tmp_path, name, content())
    with pytest.raises(iv.WeightsError, match=words) as error:
        load_file(path)
    assert name in str(error.value)
    assert "damaged" not in str(error.value)


@pytest.mark.parametrize("name", habits.BYTES)
def test_other_files_are_told_by_their_bytes(name: str, tmp_path: Path) -> None:
    content, words = habits.BYTES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(iv.WeightsError, match=words):
        load_file(tmp_path / name)


def test_names_and_endings_count_for_nothing(tmp_path: Path) -> None:
    made = habits.misnamed(tmp_path)
    for name, path in made.items():
        assert load_file(path).network.config.classes == 5, name


def test_compiled_programs_are_not_run(tmp_path: Path) -> None:
    habits.torchscript(tmp_path / "x.pt")
    with pytest.raises(iv.WeightsError, match=r"TorchScript.*Save the weights alone"):
        load_file(tmp_path / "x.pt")


def test_an_averaged_copy_can_be_chosen(tmp_path: Path) -> None:
    raw = habits.state()
    ema = {name: value + 1 if value.is_floating_point() else value for name, value in raw.items()}
    path = habits.write(tmp_path, "x.pth", {"model_ema": ema, "model": raw})
    plain, averaged = load_file(path), load_file(path, copy="model_ema")
    assert plain.copies == ("model", "model_ema")
    assert averaged.copies == ("model_ema", "model")
    assert any('"model_ema"' in note for note in plain.notes)
    bias = "trunk.conv1.norm.bias"
    assert not plain.network.state_dict()[bias].any()
    assert (averaged.network.state_dict()[bias] == 1).all()
    assert plain.fingerprint != averaged.fingerprint
    with pytest.raises(iv.WeightsError, match=r'no copy "ema".*"model_ema", "model"'):
        load_file(path, copy="ema")


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    path = habits.write(tmp_path, "x.ckpt", habits.OPEN["epoch=2-step=60.ckpt"]())
    assert any('"criterion.weight"' in note for note in load_file(path).notes)


def test_a_single_output_is_a_sigmoid(tmp_path: Path) -> None:
    path = habits.write(tmp_path, "x.pth", habits.state(1, heads=None))
    classifier = iv.load(path)
    trace = classifier.trace(Path("assets/samples/cat.jpg"))
    ((_, share),) = trace.top_classes()
    assert share == pytest.approx(float(torch.sigmoid(trace.logits[0])))
    assert any("sigmoid" in note for note in classifier.weights.notes)
