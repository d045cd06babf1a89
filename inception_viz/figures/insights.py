"""What is special about one photo in one network: sentences, each with the figure it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inception_viz.classifier import Classifier
from inception_viz.explain.firing import BranchFiring, Firing, firing
from inception_viz.explain.grad_cam import Cams, grad_cam
from inception_viz.explain.heads import HeadBelief, beliefs
from inception_viz.explain.muting import mute
from inception_viz.explain.target import Asked, Target, resolve
from inception_viz.figures.answers import percent
from inception_viz.figures.colours import BRANCH_NAMES
from inception_viz.figures.words import figure
from inception_viz.trace import Trace

Shown = Literal["muting", "heads", "cams"]


@dataclass(frozen=True)
class Insight:
    """A sentence made from numbers, and where they can be seen.

    Attributes:
        text: the sentence, plain text.
        shown: the figure it comes from: what muting does, the heads' beliefs, or Grad-CAM.
        module, branch: what it is about; "" for the whole network.
    """

    text: str
    shown: Shown
    module: str = ""
    branch: str = ""


def insights(classifier: Classifier, trace: Trace, target: Asked = None) -> tuple[Insight, ...]:
    """Two or three sentences about ``trace``; the main head's logit of a class is explained.

    Raises:
        ExplainError: for a class that doesn't exist, or a trace of another classifier.
    """
    asked = Target(resolve(trace, target).index)
    fired = firing(trace, classifier.weights.reference)
    branch = remarkable(fired)
    return from_parts(
        fired,
        trace,
        mute(classifier, trace, [f"{branch.module}/{branch.branch}"]),
        asked,
        beliefs(classifier, trace, asked),
        grad_cam(classifier, trace, asked),
    )


def remarkable(fired: Firing) -> BranchFiring:
    """The branch that the first sentence is about: the most unusual, else the strongest."""
    return fired.most_unusual() or fired.strongest()


def from_parts(
    fired: Firing,
    trace: Trace,
    without: Trace,
    target: Target,
    believed: Sequence[HeadBelief],
    cams: Cams,
) -> tuple[Insight, ...]:
    """The same from what is known already; ``without`` is muted where it is remarkable."""
    branch = remarkable(fired)
    muting = Insight(
        f"{_firing(branch)}; {_muting(trace, without, target)}.",
        "muting",
        branch.module,
        branch.branch,
    )
    found = [muting, _heads(believed, trace), _evidence(cams, trace)]
    return tuple(insight for insight in found if insight is not None)


def _firing(branch: BranchFiring) -> str:
    name = f"{BRANCH_NAMES[branch.branch]} branch of {branch.module}"
    if branch.deviation is None:
        return f"The {name} holds {percent(branch.energy_share)} of its module's energy"
    way = "above" if branch.deviation > 0 else "below"
    return f"The {name} fires {abs(branch.deviation):.1f}σ {way} usual"


def _muting(trace: Trace, without: Trace, target: Target) -> str:
    before, after = (float(t.heads[target.head][target.index]) for t in (trace, without))
    label = trace.labels[target.index]
    size = figure(abs(after - before))
    if float(size) < 0.005:
        return f"muting it changes the logit of {label} by less than 0.005"
    effect = "lowers" if after < before else "raises"
    return f"muting it {effect} the logit of {label} by {size}"


def _heads(believed: Sequence[HeadBelief], trace: Trace) -> Insight | None:
    *early, main = believed
    if not early:
        return None
    answer = trace.labels[main.first_choice]
    first = early[0]
    if all(belief.agrees for belief in early):
        text = f"After {first.after} the network already says {answer}."
    else:
        said = ", ".join(
            f"{trace.labels[b.first_choice]} after {b.after}" for b in early if not b.agrees
        )
        text = f"The network changes its mind on the way: {said}, {answer} in the end."
    return Insight(text, "heads")


def _evidence(cams: Cams, trace: Trace) -> Insight:
    module = list(cams)[-1]
    label = trace.labels[cams.target.index]
    shares = cams.shares(module)
    if not shares:
        return Insight(f"In {module}, no branch's map speaks for {label}.", "cams", module)
    branch = max(shares, key=lambda name: shares[name])
    return Insight(
        f"In {module}, the {BRANCH_NAMES[branch]} branch holds {percent(shares[branch])} of the "
        f"evidence for {label}.",
        "cams",
        module,
        branch,
    )
