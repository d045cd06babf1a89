"""Integrated gradients on the branches' outputs, with captum.

Source: Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", arXiv 1703.01365.
"""

from __future__ import annotations

from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.explain.contributions.method import Method, Scores
from inception_viz.explain.rerun import MAX_VARIANTS, Progress, Question, gradients_on
from inception_viz.network.googlenet import split

STEPS = 48
MOST_STEPS = 384
TOLERANCE = 0.008  # relative gap at which a module is done again with twice the steps


def score(question: Question, progress: Progress) -> Scores:
    """The gradient averaged along the straight path from the baseline, times the way.

    A module whose gap is still too wide is done again with more steps.
    """
    values: dict[tuple[str, Branch], float] = {}
    taken = 0
    for name, widths, here in question.each(progress):
        worth = question.value - float(question.values(name, question.nothing(name))[0])
        steps, begun = STEPS, 0.0
        while True:
            # Nobody knows whether it will be enough: half of what is left of the module's share.
            channels = _channels(question, name, steps, _halfway(here, begun))
            taken += steps
            gap = abs(float(channels.sum()) - worth)
            if gap <= TOLERANCE * abs(worth) or steps >= MOST_STEPS:
                break
            steps, begun = 2 * steps, (1 + begun) / 2
        parts = split(channels, widths, dim=0)
        values |= {(name, branch): float(part.sum()) for branch, part in parts.items()}
    return Scores(values, variants=taken, backward_passes=taken)


def _halfway(progress: Progress, begun: float) -> Progress:
    """Progress from ``begun`` to halfway between it and the end."""
    return lambda share: progress(begun + share * (1 - begun) / 2)


def _channels(question: Question, name: str, steps: int, progress: Progress) -> Tensor:
    """One attribution a channel (channels,) of a module."""
    from captum.attr import IntegratedGradients  # slow to import

    taken = 0

    def forward(x: Tensor) -> Tensor:
        nonlocal taken
        progress(min(taken / steps, 1.0))
        taken += len(x)
        return question.target.of(question.logits(name, x))

    output = question.output(name).clone()
    with gradients_on():
        attribution = IntegratedGradients(forward).attribute(
            output,
            baselines=question.nothing(name),
            n_steps=steps,
            internal_batch_size=max(min(question.batch_size(name) // 4, MAX_VARIANTS), 1),
        )
    channels: Tensor = attribution.detach().sum((0, 2, 3)).double()
    return channels


METHOD = Method(
    id="integrated_gradients",
    title="Integrated gradients",
    words="The branches of a module are faded in together, from the baseline to what they are, in "
    f"{STEPS} steps or more; each branch gets what its own change added on the way.",
    check="The scores of a module add up to z(all) − z(none) the better, the more steps are taken; "
    f"where the gap is wide they are doubled, up to {MOST_STEPS}. It is what is still missing.",
    formula=r"\sum_{c,i,j} (a - a^0)_{b,cij} \int_0^1 "
    r"\frac{\partial z(a^0 + t\,(a - a^0))}{\partial a_{b,cij}} \, dt",
    promise="limit",
    score=score,
)
