"""Fit a lens: for every module but the last a read-out that repeats the network's own answers.

It starts from ridge regression of the last module's averages, cut to the directions that matter
most to the classes (reduced-rank regression), and goes on by gradient descent on the divergence of
its answers from the network's. No labels are needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inception_viz.classifier import Classifier
from inception_viz.errors import DataError
from inception_viz.explain.lens import Lens, LensFit, ReadOut
from inception_viz.network.precision import fast_bfloat16
from inception_viz.training.averages import Averages, averages_of
from inception_viz.training.features import work_folder
from inception_viz.training.heads import Progress

_FEWEST, _HELD_OUT = 20, 0.1  # photos; share of them


@dataclass(frozen=True)
class LensRecipe:
    """How a lens is fitted.

    Attributes:
        rank: how many numbers a read-out passes on, at most; never more than the classes need.
        epochs: passes over the photos, at most: what repeats unseen ones best is kept.
        batch: photos a step.
        learning_rate: AdamW's, falling to 0 as half a cosine.
        weight_decay: AdamW's.
        ridge: penalties to try, in photos.
        seed: of the order.
    """

    rank: int = 192
    epochs: int = 16
    batch: int = 256
    learning_rate: float = 3e-4
    weight_decay: float = 1e-2
    ridge: tuple[float, ...] = (10.0, 100.0, 1000.0)
    seed: int = 0


@dataclass(frozen=True)
class FittedLens:
    """A lens, and a sentence for each file that could not be read."""

    lens: Lens
    skipped: tuple[str, ...]


def unseen(path: Path, share: float = _HELD_OUT) -> bool:
    """Whether a photo is held out, to judge on: a fixed share, by the file's name."""
    digest = hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:4]) < share * 2**32


def fit_lens(
    classifier: Classifier,
    photos: Sequence[Path],
    *,
    data: str,
    recipe: LensRecipe | None = None,
    work: Path | None = None,
    progress: Progress | None = None,
) -> FittedLens:
    """Fit read-outs to a network's answers on ``photos``; a tenth of them is for judging alone.

    Args:
        classifier: the network.
        photos: files of any pictures; those that can't be read are skipped and named.
        data: what the photos are, for the user.
        recipe: how to fit.
        work: a folder for what the network computes, about 10 KB a photo. Killed work goes on
            there. Without it, a temporary one.
        progress: told what is going on, how much of it is done, and of how much.

    Raises:
        DataError: if fewer than 20 photos can be read.
        FileError: if ``work`` can't be written.
    """
    tell = progress or (lambda *_: None)
    unknown, known = ([path for path in photos if unseen(path) == kind] for kind in (True, False))

    def looked(done: int) -> None:
        tell("looking at photos", done, len(photos))

    with work_folder(work, "fit-lens", photos, classifier.trunk_key) as folder:
        fast = fast_bfloat16()
        learn = averages_of(classifier, known, folder / "learn", fast=fast, seen=looked)
        judge = averages_of(
            classifier, unknown, folder / "judge", seen=lambda n: looked(len(known) + n)
        )
        if len(learn) < _FEWEST or not len(judge):
            raise DataError(
                f"Only {len(learn) + len(judge)} photos could be read; fit a lens on at least "
                f"{_FEWEST + 5}, better on thousands."
            )
        lens = lens_from(classifier, learn, judge, data=data, recipe=recipe, progress=tell)
    return FittedLens(lens, learn.skipped + judge.skipped)


def lens_from(
    classifier: Classifier,
    learn: Averages,
    judge: Averages,
    *,
    data: str,
    recipe: LensRecipe | None = None,
    progress: Progress | None = None,
) -> Lens:
    """Fit read-outs to the averages of some photos, and judge them on those of others."""
    recipe, tell = recipe or LensRecipe(), progress or (lambda *_: None)
    layer = classifier.inference_network.classifier
    *early, last = learn.modules
    readouts = {}
    for done, name in enumerate(early):
        tell("fitting read-outs", done, len(early))
        task = _Task(learn.modules[name], learn.modules[last], layer)
        down, up, bias = (part.half().float() for part in _fitted(task, recipe))
        readout = ReadOut(down, up, bias, LensFit(len(down), 0, 0.0, 0.0))
        fit = judged(readout, layer, judge.modules[name], judge.modules[last])
        readouts[name] = ReadOut(down, up, bias, fit)
    tell("fitting read-outs", len(early), len(early))
    return Lens(classifier.trunk_key, readouts, len(learn), data)


@torch.no_grad()
def judged(readout: ReadOut, layer: nn.Linear, averages: Tensor, last: Tensor) -> LensFit:
    """How well a read-out repeats the network on the averages (N, channels), (N, features)."""
    said, wanted = (_log_shares(layer(x)) for x in (readout.guess(averages), last))
    answer = wanted.argmax(1, keepdim=True)
    first = float((said.argmax(1, keepdim=True) == answer).float().mean())
    apart = (said.gather(1, answer).exp() - wanted.gather(1, answer).exp()).abs().mean()
    return LensFit(len(readout.down), len(averages), first, float(apart))


def _log_shares(logits: Tensor) -> Tensor:
    """log p (N, classes); of a single logit, of its class and of none."""
    if logits.shape[1] == 1:
        logits = torch.cat((logits, torch.zeros_like(logits)), 1)
    return F.log_softmax(logits, 1)


class _Task:
    """A module's averages and what to make of them, standardised; some are kept for stopping."""

    def __init__(self, x: Tensor, y: Tensor, layer: nn.Linear) -> None:
        self.mean, self.scale = x.mean(0), x.std(0).clamp(min=1e-6)
        x = (x - self.mean) / self.scale
        with torch.no_grad():
            wanted = _log_shares(layer(y))
        check = torch.arange(len(x)) % 10 == 0
        self.layer = layer
        self.x, self.y, self.wanted = x[~check], y[~check], wanted[~check]
        self.check_x, self.check_wanted = x[check], wanted[check]

    def loss(self, guess: Tensor, wanted: Tensor) -> Tensor:
        """Kullback-Leibler divergence from the network's answers, nats."""
        said = _log_shares(self.layer(guess))
        return F.kl_div(said, wanted, reduction="batchmean", log_target=True)

    @torch.no_grad()
    def check(self, parts: Sequence[Tensor]) -> float:
        """The loss on what was kept back."""
        return float(self.loss(_guess(self.check_x, *parts), self.check_wanted))


def _guess(x: Tensor, down: Tensor, up: Tensor, bias: Tensor) -> Tensor:
    return x @ down.T @ up.T + bias


def _fitted(task: _Task, recipe: LensRecipe) -> list[Tensor]:
    """``down``, ``up`` and ``bias`` for averages as they are."""
    starts = [_ridge(task, penalty, recipe.rank) for penalty in recipe.ridge]
    best = min(starts, key=task.check)
    lowest = task.check(best)
    parts = [part.clone().requires_grad_() for part in best]
    optimizer = torch.optim.AdamW(parts, recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * -(-len(task.x) // recipe.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(recipe.seed)
    for _ in range(recipe.epochs):
        for rows in torch.randperm(len(task.x), generator=generator).split(recipe.batch):  # type: ignore[no-untyped-call]
            loss = task.loss(_guess(task.x[rows], *parts), task.wanted[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        if (found := task.check(parts)) < lowest:
            lowest, best = found, [part.detach().clone() for part in parts]
    down, up, bias = best
    down = down / task.scale
    return [down, up, bias - up @ (down @ task.mean)]


@torch.no_grad()
def _ridge(task: _Task, penalty: float, rank: int) -> list[Tensor]:
    """Ridge regression of the last averages, cut to the directions that move the logits most."""
    x, centre = task.x.double(), task.y.double().mean(0)
    y, weight = task.y.double() - centre, task.layer.weight.double()
    gram = x.T @ x + penalty * torch.eye(x.shape[1], dtype=x.dtype)
    full = torch.linalg.solve(gram, x.T @ y)  # (channels, features)
    if len(weight) > 1:  # what all logits have in common changes no answer
        weight = weight - weight.mean(0)
    metric = weight.T @ weight
    metric += 1e-4 * metric.diagonal().mean().clamp(min=1e-12) * torch.eye(len(metric))
    root = torch.linalg.cholesky(metric)
    moved = x @ full @ root
    _, directions = torch.linalg.eigh(moved.T @ moved)  # the weakest first
    most = min(rank, max(len(weight) - 1, 1), *full.shape)
    kept = directions[:, -most:]
    down = (full @ root @ kept).T
    up = torch.linalg.solve_triangular(root, kept.T, upper=False, left=False).T
    size = down.norm(dim=1, keepdim=True).clamp(min=1e-12) / down.shape[1] ** 0.5
    return [(down / size).float(), (up * size.T).float(), centre.float()]
