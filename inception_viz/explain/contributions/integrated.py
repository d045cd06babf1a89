"""Integrated gradients on the branches' outputs, with captum.

Source: Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", arXiv 1703.01365.
"""

from __future__ import annotations

from torch import Tensor

from inception_viz.explain.behind import Explained, Progress, gradients_on
from inception_viz.explain.contributions.baseline import spread
from inception_viz.explain.contributions.method import Method, Outputs, Scores

STEPS = 48


def score(what: Explained, baseline: Outputs, progress: Progress) -> Scores:
    """The gradient averaged along the straight path from the baseline, times the way."""
    from captum.attr import IntegratedGradients  # slow to import

    values = {}
    for done, name in enumerate(what.modules):
        progress(done / len(what.modules))

        def forward(x: Tensor, name: str = name) -> Tensor:
            return what.target.of(what.logits(name, x))

        output = what.output(name).clone()
        with gradients_on():
            attribution = IntegratedGradients(forward).attribute(
                output,
                baselines=spread(baseline[name], output),
                n_steps=STEPS,
                internal_batch_size=max(min(what.bite(name) // 4, 16), 1),
            )
        channels = attribution.detach().sum((0, 2, 3)).double()
        module = what.network.modules_by_name[name]
        for branch, part in module.split(channels, dim=0).items():
            values[name, branch] = float(part.sum())
    steps = STEPS * len(what.modules)
    return Scores(values, variants=steps, backward_passes=steps)


METHOD = Method(
    id="integrated_gradients",
    title="Integrated gradients",
    words="The branches of a module are faded in together, from the baseline to what they are, in "
    f"{STEPS} steps; each branch gets what its own change added on the way.",
    check="The scores of a module add up to z(all) − z(none) the better, the more steps are taken; "
    "the gap is what is still missing.",
    formula=r"\sum_{c,i,j} (a - a^0)_{b,cij} \int_0^1 "
    r"\frac{\partial z(a^0 + t\,(a - a^0))}{\partial a_{b,cij}} \, dt",
    promise="limit",
    score=score,
)
