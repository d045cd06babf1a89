from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import inception_viz as iv
from inception_viz.cli import main
from inception_viz.sources.file import save_weights
from inception_viz.sources.registry import REGISTRY
from tests.conftest import sample


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "cache"


@pytest.fixture
def weights(tmp_path: Path, tiny: iv.Classifier) -> str:
    path = tmp_path / "tiny.safetensors"
    save_weights(tiny.weights, path)
    return str(path)


def test_predict_names_the_photo(caffemodel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(sample("espresso")), "--weights", str(caffemodel)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].endswith("%  espresso")


def test_predict_with_a_head(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["predict", str(sample("cat")), "--weights", weights, "--head", "aux1", "-k", "3"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.count("class") == 3


def test_config_and_labels_for_a_file_without(
    tmp_path: Path, tiny: iv.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(tiny.network.state_dict(), tmp_path / "plain.pth")
    (tmp_path / "config.json").write_text(tiny.config.to_json())
    (tmp_path / "names.txt").write_text("\n".join(f"bird {i}" for i in range(7)))
    arguments = ["predict", str(sample("cat")), "--weights", str(tmp_path / "plain.pth")]
    assert main(arguments) == 1
    assert "Give the config" in capsys.readouterr().err
    arguments += ["--config", str(tmp_path / "config.json")]
    assert main([*arguments, "--labels", str(tmp_path / "names.txt")]) == 0
    assert capsys.readouterr().out.count("bird") == 5
    assert main([*arguments, "--labels", str(tmp_path / "none.txt")]) == 1


def test_a_head_that_is_not_there(caffemodel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["predict", str(sample("cat")), "--weights", str(caffemodel), "--head", "aux2"]
    assert main(arguments) == 1
    assert "no trained head aux2" in capsys.readouterr().err


def test_without_any_trained_weights_the_answers_are_said_to_be_noise(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = replace(REGISTRY["imagenette"], available=lambda: False)
    monkeypatch.setitem(REGISTRY, "imagenette", absent)
    assert main(["predict", str(sample("cat"))]) == 0
    assert "noise" in capsys.readouterr().err


def test_predict_needs_no_download(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(sample("goldfish"))]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_trace_as_arrays(weights: str, tmp_path: Path, tiny: iv.Classifier) -> None:
    output = tmp_path / "cat.npz"
    assert main(["trace", str(sample("cat")), "--weights", weights, "-o", str(output)]) == 0
    arrays = np.load(output)
    trace = tiny.trace(sample("cat"))
    np.testing.assert_allclose(arrays["4c/5x5"], trace.branches["4c"]["5x5"], rtol=1e-5)
    np.testing.assert_allclose(arrays["logits/main"], trace.logits, rtol=1e-5)
    assert {"input", "conv1", "3a/3x3/reduce", "logits/aux2", "5b/pool"} <= set(arrays)


def test_trace_as_table(weights: str, tmp_path: Path) -> None:
    output = tmp_path / "cat.csv"
    assert main(["trace", str(sample("cat")), "--weights", weights, "-o", str(output)]) == 0
    table = pd.read_csv(output)
    assert len(table) == 36
    shares = table.groupby("module")["energy_share"].sum()
    np.testing.assert_allclose(shares, 1.0)


def test_weights_list_and_info(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "list"]) == 0
    listing = capsys.readouterr().out
    assert "bvlc" in listing and "MB to fetch" in listing and "random" in listing
    assert main(["weights", "info", weights]) == 0
    assert "classes       7" in capsys.readouterr().out


def test_weights_convert(caffemodel: Path, tmp_path: Path) -> None:
    output = tmp_path / "bvlc.safetensors"
    assert main(["weights", "convert", str(caffemodel), "-o", str(output)]) == 0
    photo = sample("cat")
    expected = iv.load(caffemodel).trace(photo).predictions(1)
    assert iv.load(output).trace(photo).predictions(1) == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "missing.jpg"], "missing.jpg"),
        (["predict", "x.jpg", "--weights", "nonsense"], "no source"),
        (["trace", "x.jpg", "-o", "x.txt"], ".npz or .csv"),
        (["weights", "convert", "random", "-o", "x.bin"], ".safetensors"),
        (["weights", "info", "bvlc"], "not on this computer yet"),
    ],
)
def test_errors_are_sentences(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    assert "weights fetch bvlc" in capsys.readouterr().out
