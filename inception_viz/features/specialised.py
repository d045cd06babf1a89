"""Do the branches of a module specialise? A permutation test for each module and each family.

Source of the question: Voss et al., "Branch Specialization", Distill 2021, who counted channels of
one network that they had labelled by hand. Here the stimuli were fixed beforehand, every channel
counts, and the tests are corrected for their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Progress, silent, within
from inception_viz.features.kept_tuning import tuning_of
from inception_viz.features.responses import Tuning
from inception_viz.features.stimuli import FAMILIES

if TYPE_CHECKING:
    import pandas as pd

PERMUTATIONS = 9999
LEVEL = 0.05


@dataclass(frozen=True)
class BranchTest:
    """One test: is the mean of an index the same in all branches of a module?

    Attributes:
        module, family: whose channels, which index; see :meth:`Tuning.index`.
        eta_squared: share of the index's variance between branches, 0 to 1.
        p: share of shuffled labels with as large a share, the true ones counted.
        p_holm: the same, corrected by Holm for all tests of the network.
        means: branch → mean of the index.
        channels: that respond at all.
    """

    module: str
    family: str
    eta_squared: float
    p: float
    p_holm: float
    means: dict[str, float]
    channels: int

    @property
    def significant(self) -> bool:
        """Whether the branches differ at the level of 5 %, all tests taken together."""
        return self.p_holm <= LEVEL

    @property
    def highest(self) -> str:
        """The branch whose mean is highest."""
        return max(self.means, key=lambda branch: self.means[branch])

    @property
    def sentence(self) -> str:
        """What was found, and no more."""
        title = FAMILIES[self.family].title.lower()
        if not self.significant:
            return (
                f"{self.module}: that {title} is spread over the branches by chance can't be ruled "
                f"out (η² = {self.eta_squared:.2f}, p = {self.p_holm:.2g})."
            )
        return (
            f"{self.module}: the branches differ in {title} (η² = {self.eta_squared:.2f}, "
            f"p = {self.p_holm:.2g}); its index is highest in {self.highest}."
        )


@dataclass(frozen=True, eq=False)
class Specialisation:
    """The tests of one network, and the tuning that they rest on."""

    tests: tuple[BranchTest, ...]
    tuning: Tuning

    def test(self, module: str, family: str) -> BranchTest | None:
        """One of them; None where too few channels respond."""
        return next((t for t in self.tests if (t.module, t.family) == (module, family)), None)

    def to_frame(self) -> pd.DataFrame:
        """One row a test."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "module": test.module,
                    "family": test.family,
                    "eta_squared": test.eta_squared,
                    "p": test.p,
                    "p_holm": test.p_holm,
                    "channels": test.channels,
                    **{f"mean.{branch}": mean for branch, mean in test.means.items()},
                }
                for test in self.tests
            ]
        )


def table_of_tests(found: Iterable[Specialisation]) -> pd.DataFrame:
    """The tests of several networks, one below another; the column ``model`` says whose."""
    import pandas as pd

    frames = [one.to_frame().assign(model=one.tuning.title) for one in found]
    return pd.concat(frames, ignore_index=True)


def specialisation(
    classifier: Classifier,
    tuned: Tuning | None = None,
    *,
    permutations: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Specialisation:
    """Measure every channel's tuning, unless that is known, and test whether it follows branches.

    Args:
        classifier: whose.
        tuned: its tuning; None takes what :func:`tuning_of` finds or measures.
        permutations: of the branch labels, 9,999 for None; p is at least 1 / (permutations + 1).
        seed: of the permutations.
        progress: is told the share that is done.

    Raises:
        WeightsError: if the weights give no finite answer.
    """
    tuned = tuned or tuning_of(classifier, progress=within(progress, 0, 2))
    tests = between_branches(
        tuned, permutations=permutations, seed=seed, progress=within(progress, 1, 2)
    )
    return Specialisation(tests, tuned)


def between_branches(
    tuned: Tuning,
    *,
    permutations: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[BranchTest, ...]:
    """All tests of a tuning, corrected together. A module of one branch has none."""
    random = np.random.default_rng(seed)
    places = [(family, module) for family in tuned.responses for module in tuned.widths]
    found = []
    for done, (family, module) in enumerate(places):
        progress(done / len(places))
        widths = tuned.widths[module]
        labels = np.repeat(np.arange(len(widths)), list(widths.values()))
        index = tuned.index(family, module)
        heard = np.isfinite(index)
        index, labels = index[heard], labels[heard]
        present = np.unique(labels)
        if len(present) < 2 or len(index) <= len(present) or np.ptp(index) == 0:
            continue
        share, p = permutation_test(index, labels, permutations or PERMUTATIONS, random)
        names = list(widths)
        means = {names[b]: float(index[labels == b].mean()) for b in present}
        found.append((module, family, share, p, means, len(index)))
    progress(1.0)
    corrected = holm([p for _, _, _, p, _, _ in found])
    return tuple(
        BranchTest(module, family, share, p, p_holm, means, channels)
        for (module, family, share, p, means, channels), p_holm in zip(
            found, corrected, strict=True
        )
    )


def permutation_test(
    values: np.ndarray, labels: np.ndarray, permutations: int, random: np.random.Generator
) -> tuple[float, float]:
    """η² of ``values`` (N,) between ``labels`` (N,), and its p.

    p counts the true labels among the shuffled ones, so that it is never 0 (Phipson and Smyth 2010,
    doi 10.2202/1544-6115.1585).
    """
    groups = (labels[:, None] == np.unique(labels)).astype(float)
    sizes = groups.sum(axis=0)
    centred = values - values.mean()
    total = float(centred @ centred)

    def between(rows: np.ndarray) -> np.ndarray:
        return np.asarray(((rows @ groups) ** 2 / sizes).sum(axis=-1) / total)

    share = float(between(centred))
    reached, left = 1, permutations
    while left:
        count = min(left, 2**20 // len(values) + 1)
        shuffled = random.permuted(np.broadcast_to(centred, (count, len(values))), axis=1)
        reached += int((between(shuffled) >= share - 1e-12).sum())
        left -= count
    return share, reached / (permutations + 1)


def holm(p: list[float]) -> list[float]:
    """p values corrected for their number (Holm 1979), in their order."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(
        [min(1.0, (len(p) - rank) * p[i]) for rank, i in enumerate(order)]
    )
    return [float(value) for value in corrected]
