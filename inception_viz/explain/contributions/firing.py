"""Firing: how active a branch is. No contribution, but what everything else is held against."""

from __future__ import annotations

from inception_viz.explain.contributions.method import Method, Scores
from inception_viz.explain.rerun import Progress, Question


def score(question: Question, _progress: Progress) -> Scores:
    """Mean activation of each branch, minus the baseline's."""
    values = {}
    for name in question.modules:
        usual = question.trace.split(name, question.baseline[name][0])
        for branch, maps in question.trace.branches[name].items():
            values[name, branch] = float(maps.double().mean() - usual[branch].double().mean())
    return Scores(values)


METHOD = Method(
    id="firing",
    title="Firing",
    words="How active the branch is: the mean activation of its units. It says what the branch "
    "does, not what that does to the answer.",
    check="Nothing to check: activity has no sum to add up to.",
    formula=r"\frac{1}{C_b H W} \sum_{c,i,j} a_{b,cij}",
    promise="none",
    score=score,
    units={"zero": "mean activation", "reference": "mean activation above usual"},
)
