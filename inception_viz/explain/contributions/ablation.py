"""Ablation: take one branch away and see what the answer loses."""

from __future__ import annotations

from inception_viz.explain.contributions.method import Method, Scores
from inception_viz.explain.muting import without_each
from inception_viz.explain.rerun import Progress, Question, within


def score(question: Question, progress: Progress) -> Scores:
    """z(all) − z(branch replaced by the baseline)."""
    values = {}
    full = question.value
    for done, name in enumerate(question.modules):
        widths = question.network.modules_by_name[name].widths
        ablated = question.values(
            name,
            without_each(question.output(name), widths, question.baseline[name]),
            within(progress, done, len(question.modules)),
        )
        for branch, value in zip(widths, ablated.tolist(), strict=True):
            values[name, branch] = full - value
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
