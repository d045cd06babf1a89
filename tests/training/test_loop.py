from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.architecture import AuxHeadConfig, StemConfig
from inception_viz.errors import TrainingError
from inception_viz.network import GoogLeNet
from inception_viz.pictures import IMAGENET
from inception_viz.training import (
    AVERAGE_EVERY,
    Phase,
    Photos,
    Recipe,
    Row,
    Run,
    Trainer,
    TrainingData,
    averaging,
    evaluate,
    mixed_precision,
    open_data,
)
from tests.conftest import ROOT
from tests.training.conftest import MakeFolder, quick, small_config


def train(trainer: Trainer, stop_at: int | None = None) -> list[Row]:
    """Train, and return a row for every step."""
    trainer.train(lambda: None, lambda: "stop" if trainer.position.step == stop_at else "")
    return trainer.position.history


def same_state(a: Trainer, b: Trainer) -> bool:
    ours, theirs = a.network.state_dict(), b.network.state_dict()
    averages = a.average.state_dict(), b.average.state_dict()
    return all(torch.equal(ours[k], theirs[k]) for k in ours) and all(
        torch.equal(averages[0][k], averages[1][k]) for k in averages[0]
    )


def without_speed(history: list[Row]) -> list[Row]:
    return [{k: v for k, v in row.items() if k != "images_per_second"} for row in history]


def test_overfits_32_pictures_completely() -> None:
    """Noise without any pattern: only a loop whose every part works can learn it by heart."""
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3), dtype=np.uint8)
    photos = Photos(tuple(pixels), ("",) * 32, tuple(i % 4 for i in range(32)), 32)
    config = small_config(
        classes=4,
        dropout=0.0,
        aux1=AuxHeadConfig("4a", 32, 64, 0.0),
        aux2=AuxHeadConfig("4d", 32, 64, 0.0),
    )
    recipe = quick(
        phases=(Phase(32, 90),),
        batch=32,
        augmentation="none",
        label_smoothing=0.0,
        weight_decay=0.0,
        average=0.0,
        validate_every=90,
        learning_rate=0.05,
    )
    trainer = Trainer(config, recipe, photos, photos)
    last = train(trainer)[-1]
    assert last["train_accuracy_main"] == 1.0
    assert last["train_accuracy_aux1"] == 1.0
    assert last["train_accuracy_aux2"] == 1.0


@pytest.mark.parametrize("stop_at", [1, 3, 4, 7])
def test_interrupted_and_resumed_equals_uninterrupted(data: TrainingData, stop_at: int) -> None:
    recipe = quick(augmentation="strong", mix=0.5, phases=(Phase(32, 2), Phase(48, 1)))
    whole = Trainer(small_config(), recipe, data.train, data.validation)
    history = train(whole)

    first = Trainer(small_config(), recipe, data.train, data.validation)
    train(first, stop_at=stop_at)
    state = first.state()
    torch.manual_seed(99)  # whatever happens in between
    second = Trainer(small_config(), recipe, data.train, data.validation)
    second.restore(state)
    assert second.position.step == stop_at
    resumed = train(second)
    assert same_state(whole, second)
    assert without_speed(resumed) == without_speed(history)


def test_the_seed_decides_everything(data: TrainingData) -> None:
    runs = [
        Trainer(small_config(), quick(seed=seed), data.train, data.validation) for seed in (1, 1, 2)
    ]
    for trainer in runs:
        train(trainer)
    assert same_state(runs[0], runs[1])
    assert not same_state(runs[0], runs[2])


def test_two_processes_get_the_losses_of_one(make_folder: MakeFolder, tmp_path: Path) -> None:
    """Without batch statistics and dropout, which depend on each process's own pictures."""
    config = small_config(norm="none", dropout=0.0)
    assert config.aux1 and config.aux2
    config = replace(
        config, aux1=replace(config.aux1, dropout=0.0), aux2=replace(config.aux2, dropout=0.0)
    )
    (tmp_path / "config.json").write_text(config.to_json())
    arguments = ["--data", str(make_folder()), "--config", str(tmp_path / "config.json")]
    arguments += ["--phases", "32:3", "--batch", "8", "--precision", "fp32"]
    arguments += ["--augmentation", "strong", "--learning-rate", "0.01"]
    histories = []
    for processes in (1, 2):
        run = Run(tmp_path / f"{processes}")
        # What `accelerate launch` starts on several GPUs; on CPUs alone it would need MPI.
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += [f"--nproc-per-node={processes}", "-m", "inception_viz", "train"]
        command += [*arguments, "--output", str(run.path)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr[-3000:]
        assert iv.load(run.model).labels == ("blue", "green", "red")
        assert json.loads((run.path / "environment.json").read_text())["processes"] == processes
        histories.append(run.history())
    one, two = histories
    assert len(one) == len(two) == 3
    for mine, theirs in zip(one, two, strict=True):
        for key in mine:
            if "loss" in key or "accuracy" in key:
                assert mine[key] == pytest.approx(theirs[key], rel=1e-4, abs=1e-5), key


def test_the_total_loss_weighs_the_auxiliary_heads(data: TrainingData) -> None:
    """Gradients of the trunk and of the heads against a plain computation."""
    recipe = quick(aux_weight=0.7, augmentation="none", label_smoothing=0.0, average=0.0)
    config = small_config(dropout=0.0, norm="none", aux1=AuxHeadConfig("4a", 8, 8, 0.0), aux2=None)
    trainer = Trainer(config, recipe, data.train, data.validation)
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    images = torch.stack([torch.zeros(3, 32, 32, dtype=torch.uint8)] * 8)
    targets = torch.arange(8) % 3
    rate = trainer.schedule.get_last_lr()[0]
    trainer._step(images, targets)

    from inception_viz.network import GoogLeNet

    reference = GoogLeNet(config)
    reference.load_state_dict(before)
    reference.train()
    logits = reference(IMAGENET.normalise(images))
    assert logits.aux1 is not None
    loss = torch.nn.functional.cross_entropy(logits.main, targets)
    loss = loss + 0.7 * torch.nn.functional.cross_entropy(logits.aux1, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    momentum = trainer.schedule.state_dict()["base_lrs"]
    assert momentum  # one-cycle is on
    for name, parameter in reference.named_parameters():
        assert parameter.grad is not None
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        gradient = parameter.grad + decay * before[name]
        nesterov = 1 + trainer.recipe.momentum
        expected = before[name] - rate * nesterov * gradient
        got = trainer.network.state_dict()[name]
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-6)


def test_starting_from_other_weights_takes_what_fits(data: TrainingData) -> None:
    old = Trainer(small_config(classes=5), quick(seed=9), data.train, data.validation).network
    new = Trainer(small_config(), quick(), data.train, data.validation, initial=old).network
    ours, theirs = new.state_dict(), old.state_dict()
    same = {name for name in ours if torch.equal(ours[name], theirs[name])}
    assert all(name in same for name in ours if name.startswith("trunk."))
    assert "classifier.weight" not in same
    other = GoogLeNet(small_config(norm="none", stem=StemConfig(3, 3, 3)))
    for parameter in other.parameters():
        parameter.data = parameter.data.new_zeros(1, 1, 1)
    with pytest.raises(TrainingError, match="another network"):
        Trainer(small_config(), quick(), data.train, data.validation, initial=other)


def test_weight_zero_leaves_the_heads_as_they_were(data: TrainingData) -> None:
    trainer = Trainer(
        small_config(), quick(aux_weight=0.0, weight_decay=0.0), data.train, data.validation
    )
    before = trainer.network.aux["aux1"].fc.weight.clone()  # type: ignore[union-attr,operator]
    train(trainer)
    assert torch.equal(before, trainer.network.aux["aux1"].fc.weight)  # type: ignore[arg-type,union-attr]


def test_validation_scores_what_is_kept(data: TrainingData) -> None:
    trainer = Trainer(small_config(), quick(), data.train, data.validation)
    last = train(trainer)[-1]
    scores = evaluate(trainer.averaged, data.validation, 32, IMAGENET)
    assert last["val_loss_main"] == pytest.approx(scores.heads["main"].loss, rel=1e-4)
    assert last["val_accuracy_aux2"] == pytest.approx(scores.heads["aux2"].accuracy)
    assert sum(map(sum, scores.confusion)) == len(data.validation)
    right = sum(row[i] for i, row in enumerate(scores.confusion))
    assert right / len(data.validation) == pytest.approx(scores.heads["main"].accuracy)


def test_the_average_follows_its_formula() -> None:
    average, count = [torch.zeros(2)], 90
    update = averaging(0.998)
    update(average, [torch.ones(2)], count)
    keep = min(0.998**AVERAGE_EVERY, 91 / 100)
    torch.testing.assert_close(average[0], torch.full((2,), 1 - keep))
    counters = [torch.tensor(3)]
    update(counters, [torch.tensor(8)], count)
    assert counters[0] == 8


def test_a_checkpoint_of_another_network_is_refused(data: TrainingData) -> None:
    state = Trainer(small_config(), quick(), data.train, data.validation).state()
    other = Trainer(small_config(norm="none"), quick(), data.train, data.validation)
    with pytest.raises(TrainingError, match="another network"):
        other.restore(state)


def test_other_pictures_are_refused_at_resume(data: TrainingData, make_folder: MakeFolder) -> None:
    state = Trainer(small_config(), quick(), data.train, data.validation).state()
    more = open_data(str(make_folder("more", count=40)))
    other = Trainer(small_config(), quick(), more.train, more.validation)
    with pytest.raises(TrainingError, match="not those that the run was started with"):
        other.restore(state)


def test_divergence_is_said(data: TrainingData) -> None:
    recipe = quick(learning_rate=100.0, phases=(Phase(32, 20),), warm_up=0.1, average=0.0)
    trainer = Trainer(small_config(norm="none"), recipe, data.train, data.validation)
    with pytest.raises(TrainingError, match="lower learning rate"):
        train(trainer)


def test_too_few_pictures_for_a_step(data: TrainingData) -> None:
    one = replace(data.train, pixels=data.train.pixels[:1], targets=(0,), paths=("",))
    with pytest.raises(TrainingError, match="too few"):
        Trainer(small_config(), quick(), one, data.validation)


def test_precision_is_what_was_asked_for() -> None:
    assert mixed_precision(Recipe(precision="fp32")) == "no"
    assert mixed_precision(Recipe(precision="bf16")) == "bf16"
    assert mixed_precision(Recipe()) in ("bf16", "no")
