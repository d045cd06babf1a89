"""A glance at a picture: what can be told of it many times a second, for a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.contributions import Contributions, contributions
from inception_viz.explain.firing import Firing, firing
from inception_viz.explain.grad_cam import cams_from
from inception_viz.explain.gradients import gradients
from inception_viz.explain.target import Target
from inception_viz.trace import Trace

Shade = Literal["cam", "branch", "none"]
SHADES: tuple[Shade, ...] = get_args(Shade)


@dataclass(frozen=True, eq=False)
class Glance:
    """What a network makes of one frame.

    Attributes:
        trace: of the frame.
        firing: how every branch fires.
        contributions: of every branch to the likeliest class, by gradient × activation; None if
            nobody asked.
        shade: (height, width) of at least 0, what to lay over the frame; None for nothing.
        strongest: the three channels of the branch in question with the highest mean activation.
        levels: their means.
    """

    trace: Trace
    firing: Firing
    contributions: Contributions | None
    shade: np.ndarray | None
    strongest: tuple[Place, ...]
    levels: tuple[float, ...]


def glance(
    classifier: Classifier, trace: Trace, branch: Place, *, shade: Shade = "cam", scored: bool
) -> Glance:
    """Look at ``trace``, whose ``branch`` is in question.

    The firing takes 2 ms, the Grad-CAM of the last module as much, contributions (``scored``) a
    backward pass, about one and a half times a forward pass.

    Raises:
        ExplainError: for a branch that the network doesn't have.
    """
    maps = trace.branches.get(branch.module, {}).get(branch.branch) if branch.branch else None
    if maps is None:
        raise ExplainError(f"The network has no branch {branch}.")
    target = Target(trace.top_classes(1)[0][0])
    means = maps.mean((1, 2))
    first = means.argsort(descending=True, stable=True)[:3].tolist()
    shown = None
    if shade == "cam":
        last = list(trace.modules)[-1]
        slopes = gradients(classifier, trace, target, since=last)
        shown = np.maximum(cams_from(trace, slopes).raw(last), 0)
    elif shade == "branch":
        shown = maps.mean(0).numpy()
    return Glance(
        trace,
        firing(trace, classifier.weights.reference),
        contributions(classifier, trace, target, method="gradient_x_activation")
        if scored
        else None,
        shown,
        tuple(Place(branch.module, branch.branch, channel=channel) for channel in first),
        tuple(means[first].tolist()),
    )
