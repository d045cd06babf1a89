from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import inception_viz as iv
from inception_viz.batch import Parts
from inception_viz.cli import main
from inception_viz.sources import save_weights
from tests.conftest import ROOT, noise_photo


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def weights(tmp_path: Path, tiny: iv.Classifier) -> str:
    path = tmp_path / "tiny.safetensors"
    save_weights(tiny.weights, path)
    return str(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures and a file that is none."""
    return make(tmp_path / "photos", 3)


def make(folder: Path, count: int) -> Path:
    (folder / "sub").mkdir(parents=True)
    noise_photo(0, (40, 30)).save(folder / "00000.png")
    for i in range(1, count):
        (folder / f"{i:05}.png").write_bytes((folder / "00000.png").read_bytes())
    (folder / "sub" / "broken.jpg").write_text("no picture")
    return folder


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def command(photos: Path, weights: str, output: Path, *more: str) -> list[str]:
    arguments = ["trace", str(photos), "--weights", weights, "-o", str(output)]
    return ["-m", "inception_viz", *arguments, *more]


def test_a_folder_becomes_a_table(
    photos: Path, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "t.parquet"
    arguments = [str(photos), "--weights", weights, "-o", str(output), "-k", "2", "--fit", "pad"]
    assert main(["trace", *arguments, "--method", "none"]) == 3
    said = capsys.readouterr()
    assert "t.parquet: 3 pictures" in said.out
    assert "no row for 1 unreadable file:\n  sub/broken.jpg is a text file" in said.err
    about = pd.read_parquet(output).attrs
    assert (about["k"], about["fit"], about["method"]) == (2, "pad", "none")
    assert main(["trace", *arguments]) == 1
    assert "exists already" in capsys.readouterr().err
    (photos / "sub" / "broken.jpg").unlink()
    assert main(["trace", *arguments, "--restart"]) == 0
    assert "unreadable" not in capsys.readouterr().err
    assert "contribution.4c.5x5" in pd.read_parquet(output)


def test_a_launcher_is_told_of_no_failure_that_is_none(
    photos: Path, weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    assert main(command(photos, weights, tmp_path / "t.parquet")[2:]) == 0
    assert len(pd.read_parquet(tmp_path / "t.parquet")) == 3


def test_many_unreadable_files_are_not_all_said(
    photos: Path, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(30):
        (photos / f"no-{i:02}.png").write_text("no")
    assert (
        main(["trace", str(photos), "--weights", weights, "-o", str(tmp_path / "t.parquet")]) == 3
    )
    said = capsys.readouterr().err
    assert "no row for 31 unreadable files" in said
    assert "no-19.png" in said and "no-20.png" not in said and "names them all" in said
    assert len(pd.read_parquet(tmp_path / "t.parquet").attrs["unreadable_files"]) == 31


@pytest.mark.parametrize(
    ("image", "output", "more", "words"),
    [
        ("gone", "t.parquet", [], "no folder"),
        ("photos/sub", "t.parquet", ["-k", "0"], "at least 1 answer"),
        ("photos", "t.csv", [], "t.csv must end in .parquet"),
        ("photos/00000.png", "t.parquet", [], "is no folder. A photo goes into NAME.npz or"),
        ("photos/00000.png", "t.npz", ["-k", "3", "--restart"], "-k, --restart: this is for fold"),
        ("photos/00000.png", "t.png", [], ".npz or .csv for a photo, in .parquet for a folder"),
        ("empty", "t.parquet", [], "no pictures in"),
        ("photos", "file/t.parquet", [], "can't be written"),
    ],
)
def test_mistakes_are_sentences(
    image: str,
    output: str,
    more: list[str],
    words: str,
    photos: Path,
    weights: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not a directory")
    paths = [str(tmp_path / image), "-o", str(tmp_path / output)]
    assert main(["trace", *paths, "--weights", weights, *more]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and words in said.err
    assert said.err.count("\n") == 1 and said.out == ""
    assert not (tmp_path / output).exists()


def test_ctrl_c_says_how_to_go_on(
    photos: Path,
    weights: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["trace", str(photos), "--weights", weights, "-o", str(tmp_path / "t.parquet")]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("inception_viz.batch.folder._put_together", interrupted)
        assert main(arguments) == 130
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == "stopped after 4 of 4 pictures; the same command goes on from here"
    noise_photo(5).save(photos / "zz.png")
    assert main(arguments) == 3
    assert "note: 1 picture came into the folder" in capsys.readouterr().out


def test_killed_in_the_middle_it_goes_on_with_other_processes(
    weights: str, tiny: iv.Classifier, tmp_path: Path
) -> None:
    """One process is killed, two go on; the table is the one of a process that wasn't."""
    photos = make(tmp_path / "many", 200)
    output = tmp_path / "killed.parquet"
    arguments = command(photos, weights, output)
    process = subprocess.Popen([sys.executable, *arguments], env=environment(), stderr=-1)
    parts = Parts(tmp_path / "killed.parquet.parts")
    deadline = time.monotonic() + 60
    while not list(parts.path.glob("*.arrow")) and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    plan = parts.plan()
    assert process.returncode == -signal.SIGKILL and plan is not None
    made = len(plan.parts) - len(parts.missing(plan))
    assert 0 < made < len(plan.parts) and not output.exists()

    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    (photos / "sub" / "broken.jpg").write_bytes((photos / "00000.png").read_bytes())
    done = subprocess.run(
        [*launch, *arguments], env=environment(), capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("wrote") == 1 and "killed.parquet: 201 pictures" in done.stdout
    assert not parts.path.exists()

    whole = tmp_path / "whole.parquet"
    iv.trace_folder(iv.load(weights), photos, whole)
    pd.testing.assert_frame_equal(
        pd.read_parquet(output), pd.read_parquet(whole), rtol=1e-4, atol=1e-6
    )


def test_processes_stop_when_the_main_one_cannot_begin(
    photos: Path, weights: str, tmp_path: Path
) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, *command(photos, weights, tmp_path / "t.csv")],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1
    assert done.stderr.count("error: t.csv must end in .parquet") == 1
