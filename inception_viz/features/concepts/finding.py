"""Look for a concept: Fisher's discriminant of two groups, tested on examples left out.

Two vectors a place: d, the difference of both groups' means, is what changes where the concept
comes in; w = (S / tr S + r I)⁻¹ d reads how much of it is there, S being the scatter within the
groups. There are fewer examples than channels, so S alone has no inverse; r is a ridge. Directions
in which examples of one group differ among themselves (colour, size) count less in w than in d,
so w tells more examples apart.

Sources: Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 1936;
for two vectors, to read by and to change along: Haufe et al., "On the interpretation of weight
vectors of linear models in multivariate neuroimaging", NeuroImage 2014; d alone as a concept:
FastCAV, Schmalwasser et al., ICML 2025, arXiv 2505.17883; the test against random photos: Kim et
al., "Interpretability Beyond Feature Attribution", ICML 2018, arXiv 1711.11279.
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
_FOLDS = 10
_RIDGE = 0.01  # from 0.003 to 0.03, accuracy on fresh textures and photos differs by 2 points


def concept(
    classifier: Classifier,
    positives: Sequence[Example] | Examples,
    negatives: Sequence[Example] | Examples | None = None,
    *,
    name: str = "concept",
    other: Examples | None = None,
    progress: Progress = silent,
) -> Concept:
    """Find what tells photos with something from photos without, in every module and branch.

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
    steps = [within(progress, step, 4) for step in range(4)]
    rest = averages(classifier, others(), progress=steps[0]) if other is None else other
    with_it = _averaged(classifier, positives, steps[1])
    without = rest if negatives is None else _averaged(classifier, negatives, steps[2])
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
    for done, (place, rows) in enumerate(with_it.items()):
        steps[3](done / len(with_it))
        shares = plan.accuracies(np.concatenate([rows, pool[place]]))
        accuracy[place] = float(shares[0])
        chance = np.maximum(chance, shares[1:])
    directions, discriminants, middles = {}, {}, {}
    for place, rows in with_it.items():
        directions[place] = rows.mean(0) - without[place].mean(0)
        discriminants[place], middles[place] = _discriminant(rows, without[place])
    progress(1.0)
    return Concept(
        name,
        identity(classifier),
        MappingProxyType(directions),
        MappingProxyType(discriminants),
        MappingProxyType(middles),
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


def _discriminant(with_it: np.ndarray, without: np.ndarray) -> tuple[np.ndarray, float]:
    """Fisher's discriminant (channels,) and its middle: the groups' means are at −1 and 1."""
    rows = np.concatenate([with_it, without])
    centred = rows - rows.mean(0)
    sides = np.repeat([1.0, -1.0], [len(with_it), len(without)])
    found = _combination(centred @ centred.T, sides) @ centred
    low, high = float(without.mean(0) @ found), float(with_it.mean(0) @ found)
    half = (high - low) / 2 or 1.0
    return found / half, (high + low) / 2 / half


def _combination(products: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """(…, rows): how much of each example a discriminant consists of.

    With X the examples, δ the weights of their means' difference and C what subtracts its group's
    mean from each, d = δX and S = (CX)ᵀCX; by Woodbury's identity, the inverse of a matrix of
    channels takes one of examples: r w = d − (CX)ᵀ (CXXᵀC + r t I)⁻¹ CXXᵀδ, t = tr CXXᵀC.

    Args:
        products: (…, rows, rows), the examples' dot products, XXᵀ.
        sides: (…, rows), 1 with it, −1 without, 0 neither.
    """
    used = np.abs(sides)[..., None]
    groups = np.stack([sides == 1, sides == -1], -1) * 1.0  # (…, rows, 2)
    means = groups / np.maximum(groups.sum(-2, keepdims=True), 1)

    def centre(columns: np.ndarray) -> np.ndarray:
        found: np.ndarray = used * columns - groups @ (means.swapaxes(-1, -2) @ columns)
        return found

    difference = (means[..., 0] - means[..., 1])[..., None]
    # CXXᵀC: what it takes from XXᵀ has a rank of 4, so it needs no product of large matrices.
    level = products @ means
    level -= groups @ (means.swapaxes(-1, -2) @ level) / 2
    left, right = np.concatenate([groups, level], -1), np.concatenate([level, groups], -1)
    scatter = (products - left @ right.swapaxes(-1, -2)) * used * used.swapaxes(-1, -2)
    total = np.trace(scatter, axis1=-2, axis2=-1)[..., None]
    diagonal = np.arange(sides.shape[-1])
    # Without any scatter, what is left is the difference of the means.
    scatter[..., diagonal, diagonal] += _RIDGE * np.where(total > 0, total, 1.0)
    combination: np.ndarray = difference - centre(
        np.linalg.solve(scatter, centre(products @ difference))
    )
    return combination[..., 0]


class _Splits:
    """The examples in two groups, and random splits of the others; each in folds.

    A discriminant is a sum of examples, so all splits of a place need one matrix of dot products.
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
        all_sides = np.array(groups)
        most = int((all_sides != 0).sum(1).max())
        self.rows = np.argsort(all_sides == 0, axis=1, kind="stable")[:, :most]
        self.sides = np.take_along_axis(all_sides, self.rows, 1)
        self.folds = np.full(self.sides.shape, -1)
        for sides, fold in zip(self.sides, self.folds, strict=True):
            for side in (1, -1):
                own = random.permutation(np.flatnonzero(sides == side))
                fold[own] = np.arange(len(own)) % _FOLDS

    def accuracies(self, rows: np.ndarray) -> np.ndarray:
        """(1 + splits,): how often held-out rows of (rows, channels) are on the right side."""
        rows = rows - rows.mean(0)
        products = (rows @ rows.T)[self.rows[:, :, None], self.rows[:, None, :]]
        right = np.zeros(self.sides.shape)
        for fold in range(self.folds.max() + 1):
            held = self.folds == fold
            kept = self.sides * ~held
            along = (products @ _combination(products, kept)[..., None])[..., 0]
            middle = sum(_mean(along, kept == side) for side in (1, -1)) / 2
            right += held * (np.where(along > middle, 1, -1) == self.sides)
        mean = sum(_mean(right, self.sides == side) for side in (1, -1)) / 2
        return np.asarray(mean)[:, 0]


def _mean(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    """(splits, 1): the mean of some values in each row."""
    found: np.ndarray = (values * of).sum(1, keepdims=True)
    found /= np.maximum(of.sum(1, keepdims=True), 1)
    return found
