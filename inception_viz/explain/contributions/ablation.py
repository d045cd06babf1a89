"""Ablation: take one branch away and see what the answer loses."""

from __future__ import annotations

from inception_viz.architecture.config import Branch
from inception_viz.explain.contributions.method import Method, Scores
from inception_viz.explain.rerun import Progress, Question


def score(question: Question, progress: Progress) -> Scores:
    """z(all) − z(branch replaced by the baseline)."""
    values: dict[tuple[str, Branch], float] = {}
    full = question.value
    for name, widths, here in question.each(progress):
        ablated = question.values(name, question.without_each(name), here).tolist()
        values |= {(name, b): full - value for b, value in zip(widths, ablated, strict=True)}
    return Scores(values, variants=len(values))


METHOD = Method(
    id="ablation",
    title="Ablation",
    words="The branch is switched off, everything else stays, and the network after it runs "
    "again: the score is what the answer loses. What two branches say together is lost with "
    "either of them, so it may be counted twice or not at all.",
    check="The scores need not add up to anything. The gap to z(all) − z(none) shows how much the "
    "branches of a module depend on each other.",
    formula=r"z(\text{all}) - z(\text{all without } b)",
    promise="none",
    score=score,
)
