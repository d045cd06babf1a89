"""Ablation: take one branch away and see what the answer loses."""

from __future__ import annotations

from inception_viz.explain.contributions.method import Method, Outputs, Scores
from inception_viz.explain.muting import without_each
from inception_viz.explain.rerun import Explained, Progress, within


def score(what: Explained, baseline: Outputs, progress: Progress) -> Scores:
    """z(all) − z(branch replaced by the baseline)."""
    values = {}
    full = what.value
    for done, name in enumerate(what.modules):
        widths = what.network.modules_by_name[name].widths
        ablated = what.values(
            name,
            without_each(what.output(name), widths, baseline[name]),
            within(progress, done, len(what.modules)),
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
