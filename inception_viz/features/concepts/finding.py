"""Look for a concept: the difference of two groups' means, tested on examples left out.

Source: FastCAV, Schmalwasser et al., ICML 2025, arXiv 2505.17883; the test against random photos:
Kim et al., "Interpretability Beyond Feature Attribution", ICML 2018, arXiv 1711.11279.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.rerun import Progress, silent, within
from inception_viz.features.concepts.examples import LEAST, Example, Examples, averages, others
from inception_viz.features.concepts.result import Concept
from inception_viz.features.responses import identity

SPLITS = 100  # random ones, of other photos
_FOLDS = 5


def concept(
    classifier: Classifier,
    positives: Sequence[Example] | Examples,
    negatives: Sequence[Example] | Examples | None = None,
    *,
    name: str = "concept",
    other: Examples | None = None,
    progress: Progress = silent,
) -> Concept:
    """Find the direction, in every module and branch, from photos without something to those with.

    It says how the two groups differ, whatever that is: where all photos with it were taken
    indoors, that may be what was found.

    Args:
        positives: photos with it, three at least, ten are good: paths, pictures, traces, or what
            :func:`averages` made of them.
        negatives: photos without it, in the same ways; None takes crops of the sample photos.
        name: what it is called.
        other: averages of other photos, for the random splits beside the negatives; default the
            crops of the sample photos.
        progress: is told the share that is done.

    Raises:
        ExplainError: for fewer than three examples on a side.
        ImageError: for a photo that can't be read.
    """
    rest = (
        averages(classifier, others(), progress=within(progress, 0, 2)) if other is None else other
    )
    far = within(progress, 1, 2)
    with_it = _averaged(classifier, positives, far)
    without = rest if negatives is None else _averaged(classifier, negatives, far)
    counts = _count(with_it), _count(without)
    for count, words in zip(counts, ("with", "without"), strict=True):
        if count < LEAST:
            raise ExplainError(
                f"There {'is' if count == 1 else 'are'} {count} photo{'s' * (count != 1)} {words} "
                f"the concept; it takes {LEAST} at least, and ten are better."
            )
    pool = rest if negatives is None else _joined(without, rest)
    plan = _Splits(*counts, pooled=_count(pool))
    accuracy, chance = {}, np.zeros(SPLITS)
    for place, rows in with_it.items():
        shares = plan.accuracies(np.concatenate([rows, pool[place]]))
        accuracy[place] = float(shares[0])
        chance = np.maximum(chance, shares[1:])
    directions = {place: rows.mean(0) - without[place].mean(0) for place, rows in with_it.items()}
    progress(1.0)
    return Concept(
        name,
        identity(classifier),
        MappingProxyType(directions),
        MappingProxyType({p: _means(with_it[p], without[p], directions[p]) for p in directions}),
        MappingProxyType(accuracy),
        chance,
        *counts,
    )


def _averaged(
    classifier: Classifier, examples: Sequence[Example] | Examples, progress: Progress
) -> Examples:
    if isinstance(examples, dict):
        return examples
    return averages(classifier, list(examples), progress=progress)


def _count(examples: Examples) -> int:
    return len(next(iter(examples.values()), ()))


def _joined(first: Examples, second: Examples) -> Examples:
    return {place: np.concatenate([rows, second[place]]) for place, rows in first.items()}


def _means(with_it: np.ndarray, without: np.ndarray, direction: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(direction)) or 1.0
    return np.array([float(rows.mean(0) @ direction) / length for rows in (without, with_it)])


class _Splits:
    """The examples in two groups, and random splits of the others; each in folds.

    A direction is a sum of examples, so all splits of a place need one matrix of dot products.
    """

    def __init__(self, positives: int, negatives: int, pooled: int) -> None:
        """Rows are the positives, then the pool, whose first ``negatives`` are the negatives."""
        random, count = np.random.default_rng(0), positives + pooled
        real = np.zeros(count)
        real[:positives], real[positives : positives + negatives] = 1, -1
        groups = [real]
        for _ in range(SPLITS):
            order = positives + random.permutation(pooled)
            group = np.zeros(count)
            few = min(positives, pooled // 2)
            group[order[:few]] = 1
            group[order[few : few + negatives]] = -1
            groups.append(group)
        self.groups = np.array(groups)  # (splits, rows): 1 with it, −1 without, 0 neither
        self.folds = np.full(self.groups.shape, -1)
        for group, fold in zip(self.groups, self.folds, strict=True):
            for side in (1, -1):
                own = random.permutation(np.flatnonzero(group == side))
                fold[own] = np.arange(len(own)) % _FOLDS

    def accuracies(self, rows: np.ndarray) -> np.ndarray:
        """(1 + splits,): how often held-out rows of (rows, channels) are on the right side."""
        rows = rows - rows.mean(0)
        products = rows @ rows.T
        right = np.zeros(self.groups.shape)
        for fold in range(_FOLDS):
            held = self.folds == fold
            kept = self.groups * ~held
            sides = [(kept == side) / np.maximum((kept == side).sum(1, keepdims=True), 1)
                     for side in (1, -1)]  # fmt: skip
            along = (sides[0] - sides[1]) @ products  # (splits, rows)
            middle = sum((along * side).sum(1, keepdims=True) for side in sides) / 2
            says = np.where(along > middle, 1, -1)
            right += held * (says == self.groups)
        shares = [
            (right * (self.groups == side)).sum(1) / (self.groups == side).sum(1)
            for side in (1, -1)
        ]
        mean: np.ndarray = (shares[0] + shares[1]) / 2
        return mean
