from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inception_viz.cli import main
from inception_viz.errors import TrainingError
from inception_viz.files import VARIABLE
from inception_viz.training import Phase, Run, State, process
from tests.training.conftest import MakeFolder, quick, small_config


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


def wait(run: Run, *states: State) -> None:
    deadline = time.monotonic() + 60
    while run.status().state not in states:
        log = run.path / process.LOG
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "no log"
        time.sleep(0.05)


def test_a_training_in_its_own_process(make_folder: MakeFolder) -> None:
    folder = str(make_folder())
    assert process.active_run() is None
    run = process.new_run("my photos")
    process.start(run, folder, small_config(), quick(phases=(Phase(32, 500),)))
    assert process.active_run() == run  # from the first moment on
    other = process.new_run("other")
    with pytest.raises(TrainingError, match="is training on this computer already"):
        process.start(other, folder, small_config(), quick())
    wait(run, "training")
    with pytest.raises(TrainingError, match="Stop it first"):
        process.delete(run)
    run.send("pause")
    wait(run, "paused")
    process.resume(run)
    wait(run, "training")
    run.send("stop")
    wait(run, "stopped")
    while run.is_held():
        time.sleep(0.05)
    assert process.active_run() is None
    assert run.start()[1].phases == (Phase(32, 500),)
    process.resume(run)
    wait(run, "training")
    run.send("stop")
    wait(run, "stopped")
    while run.is_held():
        time.sleep(0.05)
    process.delete(run)
    assert run not in process.runs()


def test_the_whole_order_reaches_the_process(make_folder: MakeFolder) -> None:
    recipe = quick(learning_rate=0.1 / 3, mix=0.25, augmentation="strong", seed=7, average=0.5)
    config = small_config(dropout=0.125)
    run = process.new_run("order")
    process.start(run, str(make_folder()), config, recipe)
    wait(run, "finished")
    assert run.start()[:2] == (config, recipe)


def test_bad_pictures_are_said_by_the_run(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = process.new_run("x")
    process.start(run, str(tmp_path / "empty"), small_config(), quick())
    wait(run, "failed")
    assert "at least two classes" in run.status().message


def test_a_failure_that_nobody_foresaw_is_said_by_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = process.new_run("x")

    def fail(*_args: object, **_rest: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("inception_viz.training.data.open_data", fail)
    arguments = ["--data", str(tmp_path), "--output", str(run.path), "--resume", str(run.path)]
    run.create(small_config(), quick(), {"source": str(tmp_path), "root": None})
    with pytest.raises(MemoryError):
        main(["train", *arguments])
    assert run.status().message == "The training failed: MemoryError: no room."


@pytest.mark.parametrize("place", ["missing", "x" * 300])
def test_a_folder_that_is_not_there_is_said_by_the_run(tmp_path: Path, place: str) -> None:
    run = process.new_run("x")
    process.start(run, str(tmp_path / place), small_config(), quick())
    wait(run, "failed")
    assert "There is no folder" in run.status().message


def test_a_process_that_died_is_not_active(tmp_path: Path) -> None:
    run = process.new_run("x")
    from inception_viz.training import Status

    run.set_status(Status(state="training", step=3))
    assert run.status().state == "stopped"
    assert process.active_run() is None


def test_only_runs_are_deleted(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"is not in .*runs, where trainings started here lie"):
        process.delete(Run(tmp_path))
    assert tmp_path.is_dir()


def test_a_process_that_cannot_start_is_said(tmp_path: Path) -> None:
    run = process.new_run("x")
    (run.path / process.LOG).mkdir()
    with pytest.raises(TrainingError, match=r"can't start \(Is a directory\)"):
        process.start(run, str(tmp_path), small_config(), quick())
    assert run.status().state == "failed"
    assert process.active_run() is None  # nothing is in the way of the next one


def test_a_damaged_record_is_said_by_the_run(tmp_path: Path) -> None:
    run = process.new_run("x")
    run.create(small_config(), quick(), {"name": "x"})
    (run.path / "config.json").write_text("{cut")
    process.resume(run)
    wait(run, "failed")
    assert "holds no training run that can be read" in run.status().message


@pytest.mark.parametrize("place", ["file/cache", "x" * 300, "/proc"])
def test_a_cache_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / place))
    assert process.runs() == []
    assert process.active_run() is None
    with pytest.raises(TrainingError, match="allow writing there"):
        process.new_run("x")


def test_trainings_of_one_name_made_in_the_same_second() -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(process.new_run, ["photos"] * 8))
    assert len({run.path for run in runs}) == 8
    assert all(run.path.is_dir() for run in runs)
