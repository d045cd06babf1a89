"""Gradient × activation: one backward pass for all branches."""

from __future__ import annotations

from inception_viz.explain.contributions.method import Method, Scores
from inception_viz.explain.gradients import differentiate
from inception_viz.explain.rerun import Progress, Question


def score(question: Question, _progress: Progress) -> Scores:
    """Σ (a − baseline) · ∂z/∂a over the units of each branch."""
    slopes = differentiate(question)
    values = {}
    for name in question.modules:
        module = question.network.modules_by_name[name]
        product = (question.output(name) - question.baseline[name]) * slopes.at[name]
        # One sum a channel in single precision, the channels in double.
        channels = product.sum((0, 2, 3)).double()
        for branch, part in module.split(channels, dim=0).items():
            values[name, branch] = float(part.sum())
    return Scores(values, backward_passes=1)


METHOD = Method(
    id="gradient_x_activation",
    title="Gradient × activation",
    words="How fast the answer would change if the branch fired a little more, times how much it "
    "fires. One backward pass gives all branches; it is exact where the rest of the network is a "
    "straight line, which is so after the last module.",
    check="The scores of a module add up to z(all) − z(none) only as far as the network after it "
    "is a straight line; the gap shows how far that is off.",
    formula=r"\sum_{c,i,j} a_{b,cij} \, \frac{\partial z}{\partial a_{b,cij}}",
    promise="first order",
    score=score,
)
