"""Gradient × activation: one backward pass for all branches."""

from __future__ import annotations

from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.explain.contributions.method import Method, Scores
from inception_viz.explain.gradients import differentiate
from inception_viz.explain.rerun import Progress, Question
from inception_viz.network.googlenet import InceptionModule


def score(question: Question, _progress: Progress) -> Scores:
    """Σ (a − baseline) · ∂z/∂a over the units of each branch."""
    slopes = differentiate(question).at
    values: dict[tuple[str, Branch], float] = {}
    for name, module in question.network.modules_by_name.items():
        if name in slopes:
            above = question.output(name) - question.baseline[name]
            found = products(module, above, slopes[name])
            values |= {(name, branch): float(product) for branch, product in found.items()}
    return Scores(values, backward_passes=1)


def products(module: InceptionModule, output: Tensor, slope: Tensor) -> dict[Branch, Tensor]:
    """Σ a · ∂z/∂a over each branch's units (N,), from (N, channels, height, width) of a module."""
    # One sum a channel in single precision, the channels in double.
    channels = (output * slope).sum((2, 3)).double()
    return {branch: part.sum(1) for branch, part in module.split(channels).items()}


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
