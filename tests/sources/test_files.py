"""Weights from files: ours, PyTorch's, and those that mean harm."""

from __future__ import annotations

import io
import json
import os
import pickle
import warnings
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

import inception_viz as iv
import inception_viz.torchvision_on_cpu
from inception_viz.architecture import StemConfig
from inception_viz.explain import measure_reference
from inception_viz.pictures import CAFFE, IMAGENET, TORCHVISION
from inception_viz.sources import HeadFit, Reference, load_file, save_weights
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
    assert any("3×3" in note for note in loaded.weights.notes)
    trace = loaded.trace(noise_photo(1))
    with torch.no_grad():
        torch.testing.assert_close(trace.logits, net(trace.input)[0], rtol=0, atol=1e-4)


def test_a_state_dict_with_its_config(tmp_path: Path, tiny: iv.Classifier) -> None:
    path = tmp_path / "plain.pth"
    torch.save(tiny.network.state_dict(), path)
    assert load_file(path, config=tiny.config).preprocessing == IMAGENET
    guessed = load_file(path)
    assert guessed.network.config.modules == tiny.config.modules
    assert any("taken from the paper" in note for note in guessed.notes)
    assert "preprocessing" in guessed.assumed
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
    with pytest.raises(iv.FileError, match="Free some space"):
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


def _exec(proof: Path, protocol: int) -> bytes:
    class Code:
        def __reduce__(self) -> tuple[Any, ...]:
            return exec, (f"open({str(proof)!r}, 'w')",)

    return pickle.dumps({"conv": Code()}, protocol)


def _by_hand(proof: Path) -> dict[str, bytes]:
    """Ways of a pickle to have a command run, or to have something else than tensors made."""
    command = f"touch {proof}".encode()
    text = b"X" + len(command).to_bytes(4, "little") + command
    return {
        "GLOBAL": b"\x80\x02cos\nsystem\n(" + text + b"tR.",
        "posix": b"\x80\x02cposix\nsystem\n(" + text + b"tR.",
        "STACK_GLOBAL": b"\x80\x02X\2\0\0\0osX\6\0\0\0system\x93(" + text + b"tR.",
        "INST": b"\x80\x02(" + text + b"ios\nsystem\n.",
        "OBJ": b"\x80\x02(cos\nsystem\n" + text + b"o.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\n(" + text + b"t\x81.",
        "EXT1": b"\x80\x02\x82\1" + text + b"\x85R.",
        "BUILD": b"\x80\x02ctorch\nSize\n)R}(X\x0c\0\0\0__setstate__cos\nsystem\nub.",
        "torch's own": b"\x80\x02ctorch.serialization\nload\n(" + text + b"tR.",
        "getattr": b"\x80\x02cbuiltins\ngetattr\n(cos\npath\nX\6\0\0\0systemtR" + text + b"\x85R.",
        "dotted": b"\x80\x02ctorch\nos.system\n(" + text + b"tR.",
        "PERSID": b"\x80\x02Pstorage\n.",
        "exec": _exec(proof, 2),
        "exec, protocol 0": _exec(proof, 0),
        "exec, protocol 4": _exec(proof, 4),
        "exec, protocol 5": _exec(proof, 5),
    }


def _inside(pickled: bytes, place: str) -> bytes:
    """The pickle by itself, or inside archives of several shapes."""
    if place == "bare":
        return pickled
    if place == "behind a head":
        head: tuple[object, ...] = (0x1950A86A20F9469CFC6C, 1001, {})
        return b"".join(pickle.dumps(part, 2) for part in head) + pickled
    out = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, out)
    with zipfile.ZipFile(out) as good, zipfile.ZipFile(made := io.BytesIO(), "w") as archive:
        for name in good.namelist():
            own = pickled if name.endswith("data.pkl") else good.read(name)
            archive.writestr(name if place == "zip" else name.replace("archive", "renamed/x"), own)
        if place == "nested":
            archive.writestr("renamed/x/inner.pth", _inside(pickled, "zip"))
    return made.getvalue()


@pytest.mark.parametrize("place", ["bare", "behind a head", "zip", "renamed", "nested"])
@pytest.mark.parametrize("way", list(_by_hand(Path("x"))))
def test_no_way_to_run_code_works(tmp_path: Path, way: str, place: str) -> None:
    proof, path = tmp_path / "executed", tmp_path / "harm.pth"
    path.write_bytes(_inside(_by_hand(proof)[way], place))
    with pytest.raises(iv.WeightsError, match=r"^harm\.pth .*\.$"):
        load_file(path)
    assert not proof.exists()


_TWICE = b"h\0h\0\x86q\0"  # remember a pair of what is remembered
_STORAGE = b"(X\7\0\0\0storagectorch\nByteStorage\nX\1\0\0\0aX\3\0\0\0cpuJ\xff\xff\xff\x03tQ"


@pytest.mark.parametrize(
    "pickled",
    [
        b")q\0" + _TWICE * 60 + b".",  # 2^60 tuples, if somebody counts them
        b")q\0" + _TWICE * 60 + b")R.",  # and compares them with what may be called
        b"}q\1)q\0" + _TWICE * 60 + b"K\1s.",  # or hashes them
        _STORAGE + b")R.",  # to refuse this, torch would print 64 million values
        b"ctorch\nSize\n" + b"(" + b"J\xff\xff\xff\x7f" * 600_000 + b"tR.",
        b"ctorch\nByteStorage\nJ\xff\xff\xff\x7f\x85R.",
        b"ctorch\nByteStorage\nJ\xff\xff\xff\x7f\x85\x81.",
        b"]q\0" + b"(h\0h\0e" * 10 + b"b.",
        b"r\xff\xff\xff\x7f.",
        b"j\xff\xff\xff\x7f.",
        b"\x8a\xff" + b"\x7f" * 255 + b".",
        b"(" * 100_000 + b".",
        b"t" * 100 + b".",
        b"0" * 100 + b".",
    ],
)
@pytest.mark.parametrize("place", ["behind a head", "zip"])
def test_pickles_that_ask_for_too_much_are_refused(
    tmp_path: Path, pickled: bytes, place: str
) -> None:
    path = tmp_path / "hungry.pth"
    path.write_bytes(_inside(b"\x80\x02" + pickled, place))
    with pytest.raises(iv.WeightsError, match=r"^hungry\.pth .*\.$"):
        load_file(path)


def test_what_is_checked_is_what_torch_reads(tmp_path: Path) -> None:
    """A ZIP behind a pickle, a name twice, an entry named in capitals: two readers, two answers."""
    harm, path = b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.", tmp_path / "two.pth"
    harmless = _inside(pickle.dumps({}, 2), "zip")
    path.write_bytes(_inside(harm, "behind a head") + harmless)
    with pytest.raises(iv.WeightsError, match="more than tensors"):
        load_file(path)
    for name in ("archive/data.pkl", "archive/DATA.PKL", "archive/data.pkl\0x"):
        out = io.BytesIO(harmless)
        with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
            warnings.simplefilter("ignore")
            entry = zipfile.ZipInfo("archive/other.pkl")
            entry.filename = name
            archive.writestr(entry, harm)
        path.write_bytes(out.getvalue())
        with pytest.raises(iv.WeightsError, match=r"several records of one name|more than tensors"):
            load_file(path)


def test_a_zip_of_a_million_records_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "crowd.pth"
    path.write_bytes(b"PK\3\4" + b"PK\1\2".ljust(46, b"\0") * 1_000_000)
    with pytest.raises(iv.WeightsError, match="far more than the weights"):
        load_file(path)


def test_a_pickle_that_asks_for_memory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "hungry.pth"
    head = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, ()))
    path.write_bytes(head + b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.")
    with pytest.raises(iv.WeightsError, match="holds more than tensors"):
        load_file(path)
    path.write_bytes(head + b"\x80\x02" + b"}" * 1_000_000 + b".")
    with pytest.raises(iv.WeightsError, match="far more than the weights"):
        load_file(path)


def test_a_header_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "header.safetensors"
    path.write_bytes((2**33).to_bytes(8, "little") + b"{}")
    with pytest.raises(iv.WeightsError, match="header"):
        load_file(path)


def test_a_network_too_large_to_trace_is_refused(tmp_path: Path) -> None:
    config = tiny_config(stem=StemConfig(512, 4, 8), input_size=1024)
    path = tmp_path / "wide.safetensors"
    save_weights(iv.load("random", config=config).weights, path)
    with pytest.raises(iv.WeightsError, match="million activations"):
        load_file(path)


def test_heads_and_main_are_always_what_the_network_has(
    tmp_path: Path, tiny: iv.Classifier
) -> None:
    path = tmp_path / "x.safetensors"
    metadata = {"config": tiny.config.to_json(), "trained_heads": '["aux1", "nonsense"]'}
    save_file(tiny.network.state_dict(), path, metadata=metadata)
    assert load_file(path).trained_heads == ("main", "aux1")


@pytest.mark.parametrize("classifier", ["fc", "fc.1"])
def test_only_the_classifier_was_replaced(tmp_path: Path, classifier: str) -> None:
    """The usual fine-tuning: a new fc, the heads still at their old classes."""
    state = torchvision_net(classes=9).state_dict()
    for value, shape in (("weight", (3, 1024)), ("bias", (3,))):
        del state[f"fc.{value}"]
        state[f"{classifier}.{value}"] = torch.randn(shape)
    path = tmp_path / "tuned.pth"
    torch.save(state, path)
    loaded = iv.load(path)
    assert loaded.config.classes == 3 and not loaded.config.heads
    assert "aux1 knows 9 other classes" in " ".join(loaded.weights.notes)
    assert loaded.trace(noise_photo(0)).logits.shape == (3,)


@pytest.mark.parametrize("value", [-1.0, float("inf")])
def test_impossible_statistics_are_refused(tmp_path: Path, value: float) -> None:
    state = torchvision_net().state_dict()
    state["conv1.bn.running_var"].fill_(value)
    path = tmp_path / "bad.pth"
    torch.save(state, path)
    with pytest.raises(iv.WeightsError, match=r"conv1\.bn\.running_var"):
        load_file(path)


def test_answers_that_are_not_finite_are_refused(tmp_path: Path, tiny: iv.Classifier) -> None:
    state = {k: v.clone() for k, v in tiny.network.state_dict().items()}
    state["classifier.weight"].fill_(3e38)
    path = tmp_path / "diverged.safetensors"
    save_file(state, path, metadata={"config": tiny.config.to_json()})
    with pytest.raises(iv.WeightsError, match="not finite"):
        iv.load(path).trace(noise_photo(0))


def test_odd_number_types_are_refused(tmp_path: Path, tiny: iv.Classifier) -> None:
    state = dict(tiny.network.state_dict())
    state["classifier.bias"] = state["classifier.bias"].to(torch.float8_e5m2)
    path = tmp_path / "odd.pth"
    torch.save(state, path)
    with pytest.raises(iv.WeightsError, match=r"odd\.pth"):
        load_file(path, config=tiny.config)


def test_inflating_zip_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 50_000_000)
    with pytest.raises(iv.WeightsError, match="unpack to more than its own size"):
        load_file(path)


def test_a_zip_of_countless_records_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.pth"
    torch.save({"a": torch.zeros(1)}, path)
    monkeypatch.setattr("inception_viz.sources.pickle_check.MAX_DIRECTORY_ENTRIES", 2)
    with pytest.raises(iv.WeightsError, match="far more than the weights"):
        iv.load(path)


def test_shapes_larger_than_their_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "strides.pth"
    torch.save({"conv": torch.zeros(1).expand(1_000_000, 1_000_000)}, path)
    with pytest.raises(iv.WeightsError, match="more values than are stored"):
        load_file(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pth", b"", "empty"),
        ("a.pth", b"random bytes, no checkpoint", "no weights file that can be read"),
        ("a.safetensors", b"\x10\0\0\0\0\0\0\0{broken json....", "safetensors"),
        ("a.safetensors", b"\xff" * 64, "no weights file that can be read"),
        ("a.txt", b"x", "no weights file"),
        ("a.caffemodel", b"<html>", "web page"),
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
        ("trained_heads", "[1]"),
        ("notes", "[1]"),
        ("labels", json.dumps(["\ud800", *"bcdefg"])),
        ("preprocessing", '{"mean": [1,2,NaN], "std": [1,1,1], "scale": 1, "channels": "RGB"}'),
        ("preprocessing", '{"mean": [1,2,3], "std": [1e-300,1,1], "scale": 1, "channels": "RGB"}'),
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


def reference_of(classifier: iv.Classifier) -> Reference:
    return measure_reference((classifier.trace(noise_photo(seed)) for seed in range(3)), "noise")


def test_half_precision_and_reference_firing_come_along(
    tmp_path: Path, tiny: iv.Classifier
) -> None:
    reference = reference_of(tiny)
    save_weights(replace(tiny.weights, reference=reference), tmp_path / "full.safetensors")
    save_weights(
        replace(tiny.weights, reference=reference), tmp_path / "half.safetensors", half=True
    )
    full, half = (load_file(tmp_path / f"{name}.safetensors") for name in ("full", "half"))
    assert full.reference == half.reference == reference
    for name, value in full.network.state_dict().items():
        torch.testing.assert_close(half.network.state_dict()[name], value, rtol=1e-3, atol=1e-6)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.7 * sizes[1]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"mean": 1, "std": 2, "photos": 3, "data": "x"}', "NaN", '{"mean": {}}'],
)
def test_a_senseless_reference_is_refused(tmp_path: Path, tiny: iv.Classifier, text: str) -> None:
    path = tmp_path / "odd.safetensors"
    save_weights(tiny.weights, path, reference=text)
    with pytest.raises(iv.WeightsError, match="reference firing"):
        load_file(path)


@pytest.mark.parametrize(
    "change",
    [
        {"first": 2.0},
        {"first": float("nan")},
        {"in_five": "many"},
        {"photos": -1},
        {"photos": 10**40},
        {"judged": None},
        {"data": "two\nlines"},
    ],
)
def test_what_makes_no_sense_of_fitted_heads_is_refused(
    tiny: iv.Classifier, tmp_path: Path, change: dict[str, object]
) -> None:
    path = tmp_path / "x.safetensors"
    save_weights(replace(tiny.weights, fits={"aux1": HeadFit(9, "photos", 3, 0.3, 0.6)}), path)
    assert load_file(path).fits["aux1"].in_five == 0.6
    fits = {"aux1": asdict(HeadFit(9, "photos", 3, 0.3, 0.6)) | change}
    save_weights(tiny.weights, path, fits=json.dumps(fits))
    with pytest.raises(iv.WeightsError, match="fitted heads makes no sense"):
        load_file(path)


def test_heads_of_older_files_are_called_fitted_without_figures(
    tiny: iv.Classifier, tmp_path: Path
) -> None:
    path = tmp_path / "x.safetensors"
    save_weights(tiny.weights, path, distilled_heads=json.dumps(["aux2"]))
    fit = load_file(path).fits["aux2"]
    assert fit == HeadFit()
    assert str(fit) == "Fitted afterwards, to repeat the main head's answers."
