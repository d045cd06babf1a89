from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import inception_viz as iv
from inception_viz.cli import main
from inception_viz.sources import REGISTRY, bvlc, save_weights
from tests.conftest import ROOT, sample
from tests.misbehaving import serving
from tests.sources import habits


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


def test_any_square_of_the_photo_can_be_looked_at(
    weights: str, tmp_path: Path, tiny: iv.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "cat.npz"
    arguments = ["trace", str(sample("cat")), "--weights", weights, "-o", str(output), "--fit"]
    assert main([*arguments, "0.42-0.38-0.5"]) == 0
    expected = tiny.trace(sample("cat"), fit=iv.Crop(0.42, 0.38, 0.5))
    np.testing.assert_allclose(np.load(output)["input"], expected.input[0])
    for nonsense in ("0.42-0.38-5", "middle"):
        with pytest.raises(SystemExit):
            main([*arguments, nonsense])
    said = capsys.readouterr().err
    assert "The side of a crop is 5.0; it must be from 0.05 to 1. Or use crop, pad, squash." in said
    assert "'middle' is no crop; write X-Y-SIDE" in said


def test_config_and_labels_for_a_file_without(
    tmp_path: Path, tiny: iv.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(tiny.network.state_dict(), tmp_path / "plain.pth")
    (tmp_path / "config.json").write_text(tiny.config.to_json())
    (tmp_path / "names.txt").write_text("\n".join(f"bird {i}" for i in range(7)))
    arguments = ["predict", str(sample("cat")), "--weights", str(tmp_path / "plain.pth")]
    assert main(arguments) == 0  # widths and heads follow from names and shapes
    assert capsys.readouterr().out.count("class") == 5
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
    for bundled in ("bvlc", "imagenette"):
        absent = replace(REGISTRY[bundled], available=lambda: False)
        monkeypatch.setitem(REGISTRY, bundled, absent)
    assert main(["predict", str(sample("cat"))]) == 0
    assert "noise" in capsys.readouterr().err


def test_predict_needs_no_download(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(sample("goldfish"))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 and lines[0].endswith("goldfish")
    assert float(lines[0].split("%")[0]) >= 90


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


def score(weights: str, *more: str, command: str = "explain") -> int:
    return main([command, str(sample("cat")), "--weights", weights, *more])


def test_explain_prints_a_table(
    weights: str, tiny: iv.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(weights) == 0
    lines = capsys.readouterr().out.splitlines()
    trace = tiny.trace(sample("cat"))
    expected = iv.contributions(tiny, trace)
    first = trace.predictions(1)[0][0]
    assert lines[0] == f"shapley of logit of {first}, in logits; baseline zero"
    assert lines[1].split() == ["branch", "1x1", "3x3", "5x5", "pool"]
    assert [line.split()[0] for line in lines[3:]] == list(trace.modules)
    for line, row in zip(lines[3:], expected.values, strict=True):
        assert [float(x) for x in line.split()[1:]] == pytest.approx(row, abs=6e-4)


@pytest.mark.parametrize(
    ("options", "target", "muted"),
    [
        (["--target", "class 3"], iv.Target(3), []),
        (["--target", "3", "--against", "Class 5"], iv.Target(3, against=5), []),
        (["--target", "2", "--head", "aux1"], iv.Target(2, head="aux1"), []),
        (["--target", "2", "--kind", "probability"], iv.Target(2, kind="probability"), []),
        (["--target", "2", "--mute", "4c/5x5", "--mute", "5a"], iv.Target(2), ["4c/5x5", "5a"]),
    ],
    ids=["target", "against", "head", "kind", "mute"],
)
def test_explain_to_a_file(
    weights: str,
    tiny: iv.Classifier,
    tmp_path: Path,
    options: list[str],
    target: iv.Target,
    muted: list[str],
) -> None:
    for name in ("x.csv", "x.JSON"):
        method = ["--method", "gradient_x_activation", *options]
        assert score(weights, *method, "-o", str(tmp_path / name)) == 0
    trace = iv.mute(tiny, tiny.trace(sample("cat")), muted)
    expected = iv.contributions(tiny, trace, target, "gradient_x_activation")
    table = pd.read_csv(tmp_path / "x.csv")
    scale = table.score.abs().max()
    np.testing.assert_allclose(table.score, expected.to_frame().score, rtol=0, atol=1e-4 * scale)
    assert set(table.target) == {expected.label}
    values = json.loads((tmp_path / "x.JSON").read_text())
    assert values["z_all"] == pytest.approx(expected.value, rel=1e-4)
    assert values["muted"] == sorted(muted) and values["target"]["head"] == target.head


def test_explain_as_figures(weights: str, tmp_path: Path) -> None:
    for name in ("bars.png", "bars.svg"):
        assert score(weights, "--method", "firing", "-o", str(tmp_path / name)) == 0
    with Image.open(tmp_path / "bars.png") as image:
        assert image.format == "PNG" and image.width > 1000
    assert "</svg>" in (tmp_path / "bars.svg").read_text()


def test_gradcam_as_a_strip_and_as_maps(
    weights: str, tiny: iv.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("maps.npz", "strip.png"):
        output = ["--target", "3", "--variant", "hires_cam", "-o", str(tmp_path / name)]
        assert score(weights, *output, command="gradcam") == 0
        assert f"wrote {tmp_path / name}" in capsys.readouterr().out
    arrays = np.load(tmp_path / "maps.npz")
    cams = iv.grad_cam(tiny, tiny.trace(sample("cat")), 3, variant="hires_cam")
    for module in ("3a", "4c", "5b"):
        scale = float(np.abs(cams.raw(module)).max())
        np.testing.assert_allclose(arrays[module], cams[module], rtol=0, atol=1e-4 * scale)
    with Image.open(tmp_path / "strip.png") as image:
        assert image.format == "PNG" and image.width > 1000


def test_gradcam_says_when_nothing_speaks_for_the_class(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["--mute", "5b", "-o", str(tmp_path / "maps.npz")]
    silent = [f"--mute={module}" for module in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a")]
    assert score(weights, *silent, *output, command="gradcam") == 0
    assert "every map is flat" in capsys.readouterr().err


def test_a_real_answer_is_explained(
    caffemodel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["explain", str(sample("espresso")), "--weights", str(caffemodel)]
    arguments += ["--target", "espresso", "--method", "gradient_x_activation"]
    assert main([*arguments, "-o", str(tmp_path / "cup.csv")]) == 0
    assert set(pd.read_csv(tmp_path / "cup.csv").target) == {"logit of espresso"}
    assert main([*arguments, "--head", "aux1"]) == 1
    assert "no trained head aux1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("explain", ["--target", "dog"], 'called "dog"'),
        ("explain", ["--target", "clas 3"], "Did you mean class 3"),
        ("explain", ["--target", "9"], 'called "9"'),
        ("explain", ["--target", "2", "--against", "2"], "two different classes"),
        ("explain", ["--target", "2", "--against", "1", "--kind", "probability"], "two logits"),
        ("explain", ["--mute", "4z"], 'no "4z" to mute'),
        ("explain", ["--baseline", "reference"], "without reference photos"),
        ("explain", ["-o", "x.npz"], "x.npz must end in .csv, .json, .png or .svg"),
        ("gradcam", ["-o", "x.csv"], "x.csv must end in .png, .jpg, .jpeg or .npz"),
        ("gradcam", ["-o", "x.png", "--target", "dog"], 'called "dog"'),
        ("gradcam", ["-o", "x.png", "--mute", "4c/5x5:9"], "that branch has 0 to 3"),
    ],
)
def test_explain_errors_are_one_sentence(
    weights: str,
    command: str,
    options: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert score(weights, *options, command=command) == 1
    found = capsys.readouterr()
    assert found.err.startswith("error: ") and words in found.err
    assert found.err.count("\n") == 1 and found.out == ""
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.png"])
def test_explain_where_nothing_can_be_written(
    weights: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a directory")
    output = ["--method", "firing", "-o", str(tmp_path / "file" / name)]
    assert score(weights, *output) == 1
    error = capsys.readouterr().err
    assert "can't be written" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "missing.jpg"], "missing.jpg"),
        (["predict", "x.jpg", "--weights", "nonsense"], "no source"),
        (["trace", "x.jpg", "-o", "x.txt"], ".npz or .csv"),
        (["weights", "convert", "random", "-o", "x.bin"], ".safetensors"),
        (["weights", "info", "torchvision"], "not on this computer yet"),
    ],
)
def test_errors_are_sentences(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_goes_nowhere_is_no_traceback() -> None:
    command = [sys.executable, "-u", "-m", "inception_viz", "weights", "list"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "error: No space left on device. Check the disk.\n"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("does", [{"cut_after": 9}, {"content": b"x"}, {"status": 500}])
def test_a_bad_host_is_a_sentence(
    does: dict[str, object],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(**does) as host:
        monkeypatch.setattr(bvlc, "URL", host.url)
        assert main(["weights", "fetch", "bvlc"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: ") and str(cache / bvlc.MODEL) in said


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    assert "weights fetch bvlc" in capsys.readouterr().out


def test_report_writes_one_file(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.html"
    assert main(["report", str(sample("cat")), "--weights", weights, "-o", str(path)]) == 0
    assert "cat.jpg in tiny.safetensors" in path.read_text("utf-8")
    assert "report.html" in capsys.readouterr().out


def test_report_refuses_another_ending(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["report", str(sample("cat")), "--weights", weights, "-o", str(tmp_path / "r.pdf")]
    assert main(arguments) == 1
    assert "must end in .html" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("trace ~nobody-here/photos -o t.parquet", "There is no folder ~nobody-here/photos"),
        ("trace cat.jpg -o t.csv --labels ~nobody-here/x.txt", "~nobody-here/x.txt can't be read"),
        ("trace cat.jpg -o t.csv --config ~nobody-here/x.json", "can't be read"),
        ("trace ~nobody-here/cat.jpg -o t.npz", "cat.jpg doesn't exist"),
        ("predict cat.jpg --weights ~nobody-here/x.pth", "There is no file ~nobody-here/x.pth"),
        ("train --data ~nobody-here/x -o run", "There is no folder"),
        ("train --data imagenette --root ~nobody-here -o run", "Imagenette isn't in"),
        ("train --resume ~nobody-here/run", "holds no training run"),
        ("fit-heads --weights random --images ~nobody-here", "no pictures in ~nobody-here"),
    ],
)
def test_homes_of_nobody_are_places_where_nothing_is(
    command: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 1
    assert words in capsys.readouterr().err


def test_a_cache_in_the_home_of_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", "~nobody-here/cache")
    assert main(["weights", "list"]) == 0
    assert "cache: ~nobody-here/cache" in capsys.readouterr().out


def test_every_error_of_the_library_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise iv.FileError("There is no room.")

    monkeypatch.setattr(iv, "load", fail)
    assert main(["weights", "info", "random"]) == 1
    assert capsys.readouterr().err == "error: There is no room.\n"


def test_a_copy_and_names_can_be_given_for_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = habits.state()
    path = habits.write(tmp_path, "x.ckpt", {"model": raw, "model_ema": raw})
    (tmp_path / "names.json").write_text(json.dumps({name: i for i, name in enumerate("edcba")}))
    extra = ["--copy", "model_ema", "--labels", str(tmp_path / "names.json")]
    out = str(tmp_path / "y.safetensors")
    assert main(["weights", "convert", str(path), "-o", out, *extra]) == 0
    assert iv.load(out).labels == tuple("edcba")
    capsys.readouterr()
    assert main(["weights", "info", str(path), *extra]) == 0
    assert 'this is "model_ema"' in capsys.readouterr().out
    assert main(["predict", str(sample("cat")), "--weights", str(path), "--copy", "x"]) == 1
    assert 'It has "model", "model_ema"' in capsys.readouterr().err
