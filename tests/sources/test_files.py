"""Weights from files: ours, PyTorch's, and those that mean harm."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

import inception_viz as iv
import inception_viz._torchvision
from inception_viz.preprocessing import CAFFE, IMAGENET, TORCHVISION
from inception_viz.sources.file import load_file, save_weights
from tests.conftest import noise_photo, tiny_config


def torchvision_net(classes: int = 12, heads: bool = True) -> nn.Module:
    from torchvision.models import googlenet

    net: nn.Module = googlenet(
        weights=None, init_weights=False, num_classes=classes, aux_logits=heads
    )
    return net.eval()


def test_our_own_file_needs_nothing_else(tmp_path: Path, tiny: iv.Classifier) -> None:
    weights = replace(
        tiny.weights,
        labels=tuple("abcdefg"),
        preprocessing=CAFFE,
        trained_heads=("main", "aux2"),
        notes=("A note.",),
    )
    path = tmp_path / "mine.safetensors"
    save_weights(weights, path)
    loaded = iv.load(path)
    assert loaded.config == tiny.config
    assert loaded.labels == tuple("abcdefg")
    assert loaded.preprocessing == CAFFE
    assert loaded.weights.notes == ("A note.",)
    trace = loaded.trace(noise_photo(0))
    assert list(trace.heads) == ["main", "aux2"]
    expected = iv.Classifier(weights, "x", "x").trace(noise_photo(0))
    torch.testing.assert_close(trace.logits, expected.logits)


def test_half_precision_is_read_as_float32(tmp_path: Path, tiny: iv.Classifier) -> None:
    state = {k: v.half() for k, v in tiny.network.state_dict().items()}
    path = tmp_path / "half.safetensors"
    save_file(state, path, metadata={"config": tiny.config.to_json()})
    network = load_file(path).network
    assert all(p.dtype == torch.float32 for p in network.parameters())


@pytest.mark.parametrize("heads", [True, False])
@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_fine_tuned_torchvision_networks(
    tmp_path: Path, heads: bool, legacy: bool, prefix: str
) -> None:
    net = torchvision_net(heads=heads)
    state: dict[str, Any] = {prefix + k: v for k, v in net.state_dict().items()}
    content = {"epoch": 3, "state_dict": state} if prefix else state
    path = tmp_path / "tuned.pth"
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    loaded = iv.load(path, labels=[f"dog {i}" for i in range(12)])
    assert loaded.config.classes == 12
    assert list(loaded.config.heads) == (["aux1", "aux2"] if heads else [])
    assert loaded.labels[3] == "dog 3"
    assert loaded.preprocessing == TORCHVISION
    assert "3×3" in loaded.weights.notes[0]
    trace = loaded.trace(noise_photo(1))
    with torch.no_grad():
        torch.testing.assert_close(trace.logits, net(trace.input)[0], rtol=0, atol=1e-4)


def test_a_state_dict_with_its_config(tmp_path: Path, tiny: iv.Classifier) -> None:
    path = tmp_path / "plain.pth"
    torch.save(tiny.network.state_dict(), path)
    assert load_file(path, config=tiny.config).preprocessing == IMAGENET
    with pytest.raises(iv.WeightsError, match="Give the config"):
        load_file(path)
    with pytest.raises(iv.WeightsError, match="this network needs"):
        load_file(path, config=tiny_config(classes=9))
    with pytest.raises(iv.WeightsError, match="has weights that this network has no place for"):
        load_file(path, config=tiny_config(aux1=None))
    with pytest.raises(iv.WeightsError, match="9 labels"):
        load_file(path, config=tiny.config, labels=["x"] * 9)


def test_a_full_disk_is_a_sentence(
    tmp_path: Path, tiny: iv.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise SafetensorError("No space left on device")

    monkeypatch.setattr("inception_viz.sources.state_files.save_file", full)
    with pytest.raises(iv.WeightsError, match="Free some space"):
        save_weights(tiny.weights, tmp_path / "x.safetensors")
    assert list(tmp_path.iterdir()) == []


class Harm:
    """A pickle of this runs a command when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_no_pickle_is_executed(tmp_path: Path, zipped: bool) -> None:
    proof, path = tmp_path / "executed", tmp_path / "harm.pth"
    if zipped:
        torch.save({"conv": Harm(proof)}, path)
    else:
        path.write_bytes(pickle.dumps({"conv": Harm(proof)}))
    with pytest.raises(iv.WeightsError, match=r"harm\.pth" + (" holds more" if zipped else "")):
        load_file(path)
    assert not proof.exists()


def test_inflating_zip_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 50_000_000)
    with pytest.raises(iv.WeightsError, match="unpack to more than its own size"):
        load_file(path)


def test_shapes_larger_than_their_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "strides.pth"
    torch.save({"conv": torch.zeros(1).expand(1_000_000, 1_000_000)}, path)
    with pytest.raises(iv.WeightsError, match="more values than are stored"):
        load_file(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pth", b"", "empty"),
        ("a.pth", b"random bytes, no checkpoint", "PyTorch checkpoint"),
        ("a.safetensors", b"\x10\0\0\0\0\0\0\0{broken json....", "safetensors"),
        ("a.safetensors", b"\xff" * 64, "safetensors"),
        ("a.txt", b"x", "no weights file"),
        ("a.caffemodel", b"<html>", "no .caffemodel"),
    ],
)
def test_other_files_are_explained(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(iv.WeightsError, match=words):
        load_file(path)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {1: torch.zeros(1)}, torch.zeros(3)])
def test_checkpoints_without_a_state_dict(tmp_path: Path, content: object) -> None:
    path = tmp_path / "odd.pth"
    torch.save(content, path)
    with pytest.raises(iv.WeightsError, match="state dict"):
        load_file(path)


def test_values_that_are_not_finite_are_refused(tmp_path: Path, tiny: iv.Classifier) -> None:
    state = {k: v.clone() for k, v in tiny.network.state_dict().items()}
    state["classifier.bias"][0] = float("nan")
    path = tmp_path / "nan.safetensors"
    save_file(state, path, metadata={"config": tiny.config.to_json()})
    with pytest.raises(iv.WeightsError, match=r"classifier\.bias.*not finite"):
        load_file(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("config", "{"),
        ("config", '{"classes": -1}'),
        ("labels", '{"a": 1}'),
        ("labels", "["),
        ("preprocessing", '{"mean": 1}'),
        ("preprocessing", '{"mean": [1,2,3], "std": [0,1,1], "scale": 1, "channels": "RGB"}'),
        ("trained_heads", '"main"'),
    ],
)
def test_bad_metadata_is_explained(
    tmp_path: Path, tiny: iv.Classifier, key: str, value: str
) -> None:
    path = tmp_path / "meta.safetensors"
    metadata = {"config": tiny.config.to_json(), "labels": json.dumps(list("abcdefg"))}
    save_file(tiny.network.state_dict(), path, metadata=metadata | {key: value})
    with pytest.raises(iv.WeightsError, match=r"meta\.safetensors"):
        load_file(path)
