from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import inception_viz as iv
from inception_viz.cli import main
from inception_viz.files import VARIABLE
from inception_viz.sources import save_weights
from inception_viz.training import Phase, Run
from tests.conftest import noise_photo, tiny_config
from tests.training.conftest import MakeFolder, quick, small_config

QUICK = ["--phases", "32:1", "--batch", "8", "--precision", "fp32", "--seed", "4"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(small_config(classes=50).to_json())
    return str(path)


def test_train_and_load(
    make_folder: MakeFolder, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path / "run")
    arguments = ["--data", str(make_folder()), "--config", config, "-o", str(run.path)]
    assert main(["train", *arguments, *QUICK]) == 0
    assert "finished" in capsys.readouterr().out
    assert iv.load(run.model).labels == ("blue", "green", "red")
    assert run.start()[1].seed == 4


def test_a_recipe_is_taken_over_and_changed(
    make_folder: MakeFolder, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = quick(seed=9, learning_rate=0.0125, phases=(Phase(32, 2),))
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    common = ["train", "--data", str(make_folder()), "--config", config, "--recipe"]
    run = Run(tmp_path / "run")
    arguments = [*common, str(tmp_path / "recipe.json"), "--phases", "32:1", "-o", str(run.path)]
    assert main(arguments) == 0
    assert run.start()[1] == replace(recipe, phases=(Phase(32, 1),))
    assert main([*common, str(tmp_path / "nowhere.json")]) == 1
    assert "nowhere.json can't be read" in capsys.readouterr().err


def test_starting_from_a_file_of_weights(
    make_folder: MakeFolder, config: str, tmp_path: Path
) -> None:
    base = iv.load("random", config=small_config(classes=3), seed=5)
    save_weights(base.weights, tmp_path / "start.safetensors")
    run = Run(tmp_path / "run")
    arguments = ["--data", str(make_folder()), "--config", config, "-o", str(run.path)]
    arguments += ["--start-from", str(tmp_path / "start.safetensors"), "--learning-rate", "1e-7"]
    assert main(["train", *arguments, *QUICK]) == 0
    ours, theirs = iv.load(run.model).network, base.network
    assert torch.allclose(ours.classifier.weight, theirs.classifier.weight, atol=1e-4)
    name = "trunk.conv1.conv.weight"
    assert torch.allclose(ours.state_dict()[name], theirs.state_dict()[name], atol=1e-4)


def test_a_run_without_a_name_goes_to_the_cache(
    make_folder: MakeFolder, config: str, own_cache: Path
) -> None:
    assert main(["train", "--data", str(make_folder("cats")), "--config", config, *QUICK]) == 0
    assert [p.name[:5] for p in (own_cache / "runs").iterdir()] == ["cats-"]


def test_the_model_looks_at_the_size_of_the_last_phase(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    arguments = ["--data", str(make_folder(count=4)), "-o", str(tmp_path / "run")]
    assert main(["train", *arguments, *QUICK, "--batch", "4"]) == 0
    assert iv.load(tmp_path / "run" / "model.safetensors").config.input_size == 32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say what to train on"),
        (["--data", "nowhere"], "There is no folder"),
        (["--data", "nowhere", "--phases", "x"], "SIZE:EPOCHS"),
        (["--data", "nowhere", "--config", "nothing.json"], "no preset or file"),
        (["--data", "nowhere", "--learning-rate", "-1"], "learning rate"),
        (["--data", "imagenette", "--root", "nowhere"], "--download"),
        (["--resume", "nowhere"], "no training run"),
    ],
)
def test_mistakes_are_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output = [] if "--resume" in arguments else ["-o", str(tmp_path / "run")]
    assert main(["train", *arguments, *output]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_fit_heads(
    make_folder: MakeFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trunk = iv.load("random", config=tiny_config(aux1=None, aux2=None)).weights
    save_weights(trunk, tmp_path / "trunk.safetensors")
    folder = make_folder(count=10)
    common = ["fit-heads", "--weights", str(tmp_path / "trunk.safetensors"), "--images"]
    common += [str(folder), "--epochs", "2", "--views", "64"]
    whole = tmp_path / "whole.safetensors"
    assert main([*common, "--check", str(folder), "-o", str(whole)]) == 0
    said = capsys.readouterr().out
    assert "aux1 says the same as the main head on" in said
    assert "of 30 photos that it never saw" in said
    assert list(iv.load(whole).weights.fits) == ["aux1", "aux2"]
    assert not iv.load(tmp_path / "trunk.safetensors").weights.fits

    assert main(common) == 0  # kept beside the trunk
    assert list(iv.load(tmp_path / "trunk.safetensors").weights.fits) == ["aux1", "aux2"]
    noise_photo(0).save(tmp_path / "photo.png")
    arguments = [str(tmp_path / "photo.png"), "--weights", str(tmp_path / "trunk.safetensors")]
    assert main(["predict", *arguments, "--head", "aux1"]) == 0
    assert "(aux1: Fitted afterwards on " in capsys.readouterr().out


def test_fit_lens(
    make_folder: MakeFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = iv.load("random", config=tiny_config(input_size=64, aux1=None, aux2=None)).weights
    file = tmp_path / "network.safetensors"
    save_weights(network, file)
    folder = make_folder(count=20)
    noise_photo(0).save(tmp_path / "photo.png")
    common = ["fit-lens", str(file), str(folder)]
    assert main([*common, "-o", str(tmp_path / "lens.safetensors")]) == 0
    said = capsys.readouterr().out
    assert "after 4c: says the same as the network on" in said and "wrote" in said
    classifier = iv.load(file)
    trace = classifier.trace(tmp_path / "photo.png")
    with pytest.raises(iv.ExplainError, match="Nobody has fitted"):
        iv.lens(classifier, trace)
    assert main([*common, "--rank", "2"]) == 0  # kept where the network finds it
    readings = iv.lens(classifier, trace)
    assert len(readings) == 9 and {r.fit.rank for r in readings if r.fit} == {2}


def test_fit_lens_explains_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    common = ["fit-lens", "random", str(tmp_path / "empty")]
    assert main(common) == 1
    assert "no pictures" in capsys.readouterr().err
    assert main([*common, "-o", "x.pth"]) == 1
    assert "must end in .safetensors" in capsys.readouterr().err
    assert main([*common, "--rank", "0"]) == 1
    assert "must be at least 1" in capsys.readouterr().err


def test_fit_heads_explains_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    common = ["fit-heads", "--weights", "random", "--images", str(tmp_path / "empty")]
    assert main(common) == 1
    assert "no pictures" in capsys.readouterr().err
    assert main([*common, "-o", "x.pth"]) == 1
    assert "must end in .safetensors" in capsys.readouterr().err
    assert main([*common, "--epochs", "0"]) == 1
    assert "at least one epoch" in capsys.readouterr().err
    assert main([*common, "--views", "0"]) == 1
    assert "at least one view" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "fit-heads --weights bvlc --images",
        "train --start-from bvlc --phases 32:1 --precision fp32 -o run --data",
    ],
)
def test_weights_that_stand_in_for_others_are_named(
    command: str,
    own_cache: Path,
    make_folder: MakeFolder,
    config: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_cache.mkdir()
    (own_cache / "bvlc_googlenet.caffemodel").write_bytes(b"no model")
    monkeypatch.chdir(tmp_path)
    network = ["--config", config] if command.startswith("train") else []
    main([*command.split(), str(make_folder(count=4)), *network])
    said = capsys.readouterr().err
    assert "note: " in said and "Until then, the bundled file is used." in said
