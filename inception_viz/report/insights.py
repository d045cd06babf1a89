"""What is special about one photo in one network: sentences, each with the figure it comes from.

Plain words come first; the same in the field's terms, with figures and what they mean, stands
beside them for whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inception_viz.explain.firing import BranchFiring, Firing
from inception_viz.explain.grad_cam import Cams
from inception_viz.explain.heads import HeadBelief
from inception_viz.explain.lens import Reading, settled
from inception_viz.explain.target import Target
from inception_viz.figures.colours import BRANCH_NAMES
from inception_viz.figures.words import percent, short_number
from inception_viz.trace import Trace

Shown = Literal["muting", "heads", "lens", "cams"]


@dataclass(frozen=True)
class Insight:
    """A sentence made from numbers, and where they can be seen.

    Attributes:
        text: the sentence in plain words, plain text.
        terms: the same in the field's terms, and what they mean.
        shown: the figure it comes from: what muting does, the heads' beliefs, the beliefs after
            every module, or Grad-CAM.
        module, branch: what it is about; "" for the whole network.
    """

    text: str
    terms: str
    shown: Shown
    module: str = ""
    branch: str = ""


def remarkable(fired: Firing) -> BranchFiring:
    """The branch that the first sentence is about: the most unusual, else the strongest."""
    return fired.most_unusual() or fired.strongest()


def insights_from(
    fired: Firing,
    trace: Trace,
    without: Trace,
    target: Target,
    believed: Sequence[HeadBelief],
    cams: Cams,
    readings: Sequence[Reading] = (),
) -> tuple[Insight, ...]:
    """Two to four sentences about ``trace``; ``without`` has the remarkable branch muted.

    ``target`` is the main head's logit of a class; ``believed``, ``cams`` and ``readings`` are
    about it. ``readings`` are a lens's, none where there is no lens.
    """
    branch = remarkable(fired)
    muting, heads = _muting(branch, trace, without, target), _heads(believed, trace)
    first = _first_seen(readings, trace)
    return tuple(filter(None, (muting, heads, first, _evidence(cams, trace))))


_SIGMA = "σ: standard deviation, the usual distance from the mean."
_ENERGY = "Energy: all squared activations, added up."
_LOGIT = "Logit: the score of a class, before softmax makes a probability of it."
_FAR, _CLEARLY = 3.0, 1.5  # σ


def _muting(branch: BranchFiring, trace: Trace, without: Trace, target: Target) -> Insight:
    """How the remarkable branch fires, and what the network says without it."""
    name = f"The {BRANCH_NAMES[branch.branch]} branch of {branch.module}"
    if branch.deviation is None:
        share, meaning = branch.energy_share, _ENERGY
        said = f"{name} is the most active part of its module."
        terms = f"It holds {percent(share or 0.0)} of its module's energy"
        if share is None:
            said, terms = f"{name} is silent, as are all others.", "There is no energy to share"
    else:
        size = abs(branch.deviation)
        more, way = ("more", "above") if branch.deviation > 0 else ("less", "below")
        much = "far " if size >= _FAR else "" if size >= _CLEARLY else "a little "
        said = f"{name} is {much}{more} active than usual."
        terms = f"Its mean activation is {size:.1f}σ {way} usual"
        meaning = _SIGMA
    before, after = (float(t.heads[target.head][target.index]) for t in (trace, without))
    change = after - before
    label = trace.labels[target.index]
    if abs(change) < 0.005:
        terms += f"; muting it changes the logit of {label} by less than 0.005."
    else:
        effect = "lowers" if change < 0 else "raises"
        terms += f"; muting it {effect} the logit of {label} by {short_number(abs(change))}."
    return Insight(
        f"{said} {_effect(trace, without, target)}",
        f"{terms} {meaning} {_LOGIT}",
        "muting",
        branch.module,
        branch.branch,
    )


def _effect(trace: Trace, without: Trace, target: Target) -> str:
    """What becomes of the answer, in probabilities."""
    label, head = trace.labels[target.index], target.head
    p, q = (float(t.probabilities(head)[target.index]) for t in (trace, without))
    verb = "falls" if q < p else "rises"
    move = (
        f"{label} stays at {percent(p)}"
        if percent(p) == percent(q)
        else f"{label} {verb} from {percent(p)} to {percent(q)}"
    )
    (first, _), (other, share) = (t.top_classes(1, head)[0] for t in (trace, without))
    if first == other:
        return f"Without it, {move}."
    now = f"the network says {trace.labels[other]} ({percent(share)})"
    return f"Without it, {now}." if other == target.index else f"Without it, {now}; {move}."


def _heads(believed: Sequence[HeadBelief], trace: Trace) -> Insight | None:
    *early, main = believed
    if not early:
        return None
    answer = trace.labels[main.first_choice]
    first = early[0]
    if all(belief.agrees for belief in early):
        text = f"Already after {first.after}, an auxiliary head says {answer}."
    else:
        said = ", ".join(
            f"{trace.labels[b.first_choice]} after {b.after}" for b in early if not b.agrees
        )
        text = f"The auxiliary heads still say something else: {said}; {answer} in the end."
    terms = "Auxiliary heads are small classifiers that read the network on the way."
    fits = [belief for belief in early if belief.fit is not None]
    if fits:
        terms += " " + " ".join(f"{belief.head}: {belief.fit}" for belief in fits)
        text = text.removesuffix(".") + " (heads fitted afterwards)."
    return Insight(text, terms, "heads")


def _first_seen(readings: Sequence[Reading], trace: Trace) -> Insight | None:
    """From which module on the network's answer can be read."""
    if not readings:
        return None
    found = settled(readings)
    answer = trace.labels[readings[-1].first_choice]
    terms = (
        "Read-outs are linear layers that were fitted to repeat the network's answer from a "
        "module's averaged channels. They show what can be read there, not what the network reads."
    )
    if found.fit is not None:
        terms += (
            f" That of {found.module} says the same as the network on {percent(found.fit.first)} "
            "of photos it never saw."
        )
    if found.depth == 1:
        text = f"The answer, {answer}, can be read already after {found.module}"
    else:
        earlier = [reading.first_choice for reading in readings[: found.depth - 1]]
        when = f"appears first after {found.module}"
        if readings[-1].first_choice in earlier:
            when = f"is there to stay after {found.module}"
        elif found.fit is None:
            when = f"appears only at the end, after {found.module}"
        text = f"The answer, {answer}, {when}: before, it leaned to {trace.labels[earlier[-1]]}"
    return Insight(f"{text} (fitted read-outs).", terms, "lens", found.module)


def _evidence(cams: Cams, trace: Trace) -> Insight:
    module = list(cams)[-1]
    label = trace.labels[cams.target.index]
    shares = cams.shares(module)
    terms = "Grad-CAM: maps weighted by how much the logit would rise with them; the positive part."
    if not shares:
        return Insight(f"In {module}, there is no evidence for {label}.", terms, "cams", module)
    branch = max(shares, key=lambda name: shares[name])
    return Insight(
        f"In {module}, the {BRANCH_NAMES[branch]} branch holds {percent(shares[branch])} of the "
        f"evidence for {label}.",
        terms,
        "cams",
        module,
        branch,
    )
