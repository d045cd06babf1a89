from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

import inception_viz as iv
from inception_viz.cli import main
from inception_viz.errors import TrainingError
from inception_viz.training import (
    Phase,
    Recipe,
    Row,
    Run,
    Status,
    TrainingData,
    checkpoint,
    newest_classifier,
    run_training,
    seconds_left,
    stuck_heads,
)
from tests.conftest import ROOT, noise_photo
from tests.training.conftest import MakeFolder, quick, small_config


def start(run: Run, data: TrainingData, recipe: Recipe | None = None, **options: object) -> Status:
    recipe = recipe or quick()
    if not (run.path / "recipe.json").exists():
        run.create(small_config(), recipe, data.describe())
    with run.locked():
        return run_training(run, data, small_config(), recipe, **options)  # type: ignore[arg-type]


def test_a_run_leaves_a_folder_that_says_everything(tmp_path: Path, data: TrainingData) -> None:
    run = Run(tmp_path / "run")
    status = start(run, data)
    assert status.state == "finished"
    assert run.status() == status or run.status().state == "finished"
    assert run.status().epoch == 3
    history = run.history()
    assert [row["epoch"] for row in history] == [1, 2, 3]
    for head in ("main", "aux1", "aux2"):
        for part in ("train", "val"):
            assert all(row[f"{part}_loss_{head}"] is not None for row in history)
            assert all(0 <= (row[f"{part}_accuracy_{head}"] or 0) <= 1 for row in history)
    config, recipe, record = run.start()
    assert (config, recipe) == (small_config(), quick())
    assert record["labels"] == ["blue", "green", "red"]
    assert "torch" in (run.path / "environment.json").read_text()
    card = (run.path / "README.md").read_text()
    assert "blue, green, red" in card
    assert "| main |" in card


def test_the_model_needs_nothing_else(tmp_path: Path, data: TrainingData) -> None:
    run = Run(tmp_path / "run")
    start(run, data)
    loaded = iv.load(run.model)
    assert loaded.labels == ("blue", "green", "red")
    assert loaded.config == small_config()
    assert loaded.weights.trained_heads == ("main", "aux1", "aux2")
    assert loaded.trace(noise_photo(0)).predictions(1)[0][0] in loaded.labels


def test_heads_without_a_part_in_the_loss_count_as_untrained(
    tmp_path: Path, data: TrainingData
) -> None:
    run = Run(tmp_path / "run")
    start(run, data, quick(aux_weight=0.0))
    assert iv.load(run.model).weights.trained_heads == ("main",)


def test_stop_keeps_the_weights_and_resume_goes_on(tmp_path: Path, data: TrainingData) -> None:
    whole, parts = Run(tmp_path / "whole"), Run(tmp_path / "parts")
    start(whole, data)

    def stop(status: Status, _row: Row) -> None:
        if status.epoch == 1:
            parts.send("stop")

    status = start(parts, data, report=stop)
    assert status.state == "stopped"
    assert 0 < status.step < status.steps
    assert parts.model.is_file()
    assert newest_classifier(parts).labels == ("blue", "green", "red")
    assert start(parts, data, resume=True).state == "finished"
    ours, theirs = (iv.load(run.model).network.state_dict() for run in (whole, parts))
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)
    drop = "images_per_second"
    assert [{k: v for k, v in r.items() if k != drop} for r in whole.history()] == [
        {k: v for k, v in r.items() if k != drop} for r in parts.history()
    ]


def test_pause_and_go_on(tmp_path: Path, data: TrainingData) -> None:
    run = Run(tmp_path / "run")
    paused = threading.Event()

    def pause(status: Status, _row: Row) -> None:
        if status.epoch == 1 and status.state == "training" and not paused.is_set():
            paused.set()
            run.send("pause")

    def go_on() -> None:
        deadline = time.monotonic() + 30
        while run.status().state != "paused" and time.monotonic() < deadline:
            time.sleep(0.05)
        seen.append((run.status().state, len(checkpoint.checkpoints(run.checkpoints))))
        run.send("")

    seen: list[tuple[str, int]] = []
    other = threading.Thread(target=go_on)
    other.start()
    status = start(run, data, report=pause)
    other.join()
    assert seen == [("paused", 1)]
    assert status.state == "finished"
    assert status.step == status.steps


def test_look_inside_while_it_trains(tmp_path: Path, data: TrainingData) -> None:
    run = Run(tmp_path / "run")
    with pytest.raises(iv.WeightsError, match="no checkpoint yet"):
        newest_classifier(run)
    steps: list[str] = []

    def look(status: Status, _row: Row) -> None:
        if status.step and checkpoint.checkpoints(run.checkpoints):
            steps.append(newest_classifier(run).title)

    start(run, data, checkpoint_seconds=0.0, report=look)
    assert len(set(steps)) > 1
    assert newest_classifier(run).title == "run"  # finished


def test_one_process_a_folder(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    with (
        run.locked(),
        pytest.raises(TrainingError, match="Another process"),
        Run(tmp_path / "run").locked(),
    ):
        pass
    assert not run.is_held()


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path, data: TrainingData) -> None:
    run = Run(tmp_path / "run")
    start(run, data)
    with pytest.raises(TrainingError, match="holds a run already"):
        run.create(small_config(), quick(), data.describe())


def test_classes_must_match(tmp_path: Path, data: TrainingData) -> None:
    run = Run(tmp_path / "run")
    with pytest.raises(TrainingError, match="7 classes, the pictures 3"):
        run_training(run, data, small_config(classes=7), quick())


def test_a_full_disk_is_said_and_the_last_checkpoint_is_intact(
    tmp_path: Path, data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path / "run")
    write, count = Path.write_bytes, [0]

    def full(path: Path, content: bytes) -> int:
        count[0] += 1
        if count[0] == 2:
            write(path, content[:5000])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TrainingError, match="Free some space"):
        start(run, data, checkpoint_seconds=0.0)
    assert run.status().state == "failed"
    assert "Free some space" in run.status().message
    found = checkpoint.newest(run.checkpoints)
    assert found is not None
    monkeypatch.undo()
    assert start(run, data, resume=True).state == "finished"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_is_really_full(tmp_path: Path, make_folder: MakeFolder) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine allows no mounts")
    try:
        done = command(make_folder(), disk / "run", tmp_path, "--checkpoint-seconds", "0")
        done.wait(60)
        assert done.returncode == 1
        text = (tmp_path / "out.txt").read_text()
        assert "Free some space" in text
        assert "Traceback" not in text
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def command(folder: Path, run: Path, tmp_path: Path, *more: str) -> subprocess.Popen[bytes]:
    """The command line, on a tiny network."""
    config = tmp_path / "config.json"
    config.write_text(small_config().to_json())
    arguments = ["train", "--config", str(config), "--data", str(folder), "-o", str(run)]
    arguments += ["--phases", "32:400", "--batch", "8", "--precision", "fp32", *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (tmp_path / "out.txt").open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "inception_viz", *arguments],
            env=environment,
            stdout=out,
            stderr=out,
        )


def wait_for_step(run: Run, process: subprocess.Popen[bytes], step: int) -> None:
    deadline = time.monotonic() + 60
    while run.status().step < step:
        assert process.poll() is None, "it ended early"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_kill_9_costs_only_what_came_after_the_checkpoint(
    tmp_path: Path, make_folder: MakeFolder
) -> None:
    run = Run(tmp_path / "run")
    process = command(make_folder(), run.path, tmp_path, "--checkpoint-seconds", "0")
    wait_for_step(run, process, 12)
    process.kill()
    process.wait()
    status = run.status()
    assert status.state == "stopped"
    assert "unexpectedly" in status.message
    found = checkpoint.newest(run.checkpoints)
    assert found is not None
    assert found[1]["position"]["step"] >= status.step - 3 * 3  # an epoch has 3 steps
    again = subprocess.Popen(
        [sys.executable, "-m", "inception_viz", "train", "--resume", str(run.path)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
    )
    wait_for_step(run, again, status.step + 3)
    again.send_signal(signal.SIGINT)  # Ctrl-C
    assert again.wait(60) == 0
    assert run.status().state == "stopped"
    assert run.model.is_file()
    assert not [p for p in run.path.rglob(".*") if p.name != ".lock"]  # nothing half-written


def test_killed_before_the_first_checkpoint_it_begins_anew(
    tmp_path: Path, make_folder: MakeFolder
) -> None:
    run = Run(tmp_path / "run")
    process = command(make_folder(), run.path, tmp_path, "--checkpoint-seconds", "3600")
    wait_for_step(run, process, 3)
    process.kill()
    process.wait()
    assert "Resume begins anew" in run.status().message
    run.set_status(Status())
    again = subprocess.Popen(
        [sys.executable, "-m", "inception_viz", "train", "--resume", str(run.path)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
    )
    wait_for_step(run, again, 3)
    again.send_signal(signal.SIGINT)
    assert again.wait(60) == 0
    assert run.model.is_file()


def test_a_folder_that_is_removed_meanwhile_ends_the_training(
    tmp_path: Path, data: TrainingData
) -> None:
    run = Run(tmp_path / "runs" / "run")

    def remove(status: Status, _row: Row) -> None:
        if status.step >= 3:
            shutil.rmtree(tmp_path / "runs", ignore_errors=True)

    with pytest.raises(TrainingError, match=r"removed while it went on.*Start it again"):
        start(run, data, report=remove)
    assert run.status().state == "failed"
    assert "removed while it went on" in run.status().message
    assert not run.exists()


@pytest.mark.parametrize("place", ["/proc/run", "file/run", "x" * 300])
def test_a_folder_that_cannot_be_made(
    tmp_path: Path, make_folder: MakeFolder, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / place)
    assert main(["train", "--data", str(make_folder()), "-o", folder]) == 1
    said = capsys.readouterr().err
    assert "can't be written" in said and "Traceback" not in said
    assert not Run(Path(folder)).is_held()


def test_a_lock_on_a_disk_that_nobody_can_write_to_is_held_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path)
    run.set_status(Status(state="training"))
    with run.locked():
        pass

    def refuse(*_args: object, **_rest: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    assert run.status().state == "stopped"


@pytest.mark.parametrize(
    "content", ['{"state": "training", "updated": "x"}', '{"warnings": 3}', "[]", "{", "\xff"]
)
def test_a_status_that_we_did_not_write(tmp_path: Path, content: str) -> None:
    (tmp_path / "status.json").write_text(content, "latin-1")
    assert "says nothing" in Run(tmp_path).status().message


def test_time_left_counts_pixels() -> None:
    recipe = Recipe(phases=(Phase(100, 2), Phase(200, 1)))
    # One epoch of 10 steps of 8 pictures at 100 px is left, and one at 200 px, four times as slow.
    assert seconds_left(recipe, 10, 10, 8, 40.0) == pytest.approx((10 + 40) * 8 / 40)
    assert seconds_left(recipe, 25, 10, 8, 10.0) == pytest.approx(5 * 8 / 10)
    assert seconds_left(recipe, 0, 10, 8, 0.0) is None


def rows(losses: list[float], accuracy: float, step: int = 500) -> list[Row]:
    good: Row = {"train_loss_aux1": 0.5, "train_accuracy_aux1": 0.9}
    return [
        {"step": step, "train_loss_main": loss, "train_accuracy_main": accuracy, **good}
        for loss in losses
    ]


@pytest.mark.parametrize(
    ("history", "stuck"),
    [
        (rows([2.31, 2.30, 2.30], 0.1), ["main"]),
        (rows([2.31, 2.30], 0.1), []),  # too early to say
        (rows([2.31, 2.30, 2.30], 0.1, step=20), []),  # a handful of steps proves nothing
        (rows([2.31, 2.30, 2.10], 0.1), []),  # it has begun
        (rows([2.31, 2.30, 2.30], 0.3), []),  # unsure, but better than chance
    ],
)
def test_stuck_heads_are_found(history: list[Row], stuck: list[str]) -> None:
    assert stuck_heads(history, classes=10) == stuck


def test_a_stuck_head_is_said_in_a_real_run(tmp_path: Path, data: TrainingData) -> None:
    """A learning rate of nearly nothing teaches nothing, and the run says so."""
    run = Run(tmp_path / "run")
    recipe = quick(phases=(Phase(32, 22),), learning_rate=1e-7, label_smoothing=0.0)
    warned: list[str] = []
    start(run, data, recipe, report=lambda status, _: warned.extend(status.warnings))
    stuck = stuck_heads(run.history(), 3)
    assert bool(stuck) == bool(run.status().warnings)
    assert {w.split()[0] for w in run.status().warnings} == set(stuck)
    assert stuck, run.history()[-1]
    assert "no better than chance" in warned[-1]
