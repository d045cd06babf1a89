"""Exact Shapley values: every coalition of a module's branches.

Source: Shapley, "A Value for n-Person Games", 1953.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import factorial

import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.explain.contributions.method import Method, Scores
from inception_viz.explain.rerun import Progress, Question


def score(question: Question, progress: Progress) -> Scores:
    """Each branch's Shapley value in the game that its module's branches play."""
    values: dict[tuple[str, Branch], float] = {}
    variants = 0
    for name, widths, here in question.each(progress):
        outputs = coalitions(question.output(name), widths, question.baseline[name])
        variants += len(outputs)
        scores = shapley_values(question.values(name, outputs, here).tolist())
        values |= {(name, b): score for b, score in zip(widths, scores, strict=True)}
    return Scores(values, variants=variants)


def coalitions(output: Tensor, widths: Mapping[Branch, int], baseline: Tensor) -> Tensor:
    """(1, C, H, W) → (2^branches, C, H, W): coalition k has branch i where bit i of k is set."""
    players = len(widths)
    present = torch.tensor([[k >> i & 1 for i in range(players)] for k in range(2**players)])
    mask = present.repeat_interleave(torch.tensor(list(widths.values())), dim=1)
    return torch.where(mask[:, :, None, None].bool(), output, baseline)


def shapley_values(worth: Sequence[float]) -> list[float]:
    """Shapley values of n players; ``worth[k]`` is what the coalition of the set bits of k gets.

    φ_i = Σ over coalitions S without i of |S|! (n − |S| − 1)! / n! · (worth(S ∪ i) − worth(S))
    """
    players = (len(worth) - 1).bit_length()
    weights = [
        factorial(size) * factorial(players - size - 1) / factorial(players)
        for size in range(players)
    ]
    return [
        sum(
            weights[k.bit_count()] * (worth[k | 1 << i] - worth[k])
            for k in range(len(worth))
            if not k >> i & 1
        )
        for i in range(players)
    ]


METHOD = Method(
    id="shapley",
    title="Shapley value",
    words="The fair share: the branches of a module join in every possible order, and each gets "
    "what it adds when it comes, averaged over all orders. All 16 combinations of the four "
    "branches are really computed, none is guessed.",
    check="The scores of a module add up exactly to z(all) − z(none), what the whole module is "
    "worth; the gap is rounding.",
    formula=r"\sum_{S \not\ni b} \frac{|S|!\,(n-|S|-1)!}{n!} \, "
    r"\bigl[z(S \cup b) - z(S)\bigr], \quad n = 4 \text{ branches}",
    promise="exact",
    score=score,
)
