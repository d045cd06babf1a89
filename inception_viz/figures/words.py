"""Numbers in words and sentences, and answers as bars: true because nothing else goes into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from html import escape
from math import floor, log10

import numpy as np

from inception_viz.architecture.config import Branch
from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.explain.contributions import METHODS, Contributions
from inception_viz.explain.firing import BranchFiring
from inception_viz.explain.grad_cam import Cams
from inception_viz.explain.heads import HeadBelief
from inception_viz.explain.target import Target
from inception_viz.figures.colours import BRANCH_NAMES
from inception_viz.trace import Trace

_ROW = (
    '<div style="display:grid;grid-template-columns:minmax(0,1fr) max-content;gap:.1rem .6rem;'
    'align-items:baseline;margin:.3rem 0 0;font-size:.92rem">'
    '<span style="overflow-wrap:anywhere{weight}">{label}</span>'
    '<span style="white-space:nowrap;font-variant-numeric:tabular-nums{weight}">{value}</span>'
    '<span style="grid-column:1/3;height:6px;border-radius:3px;'
    'background:color-mix(in srgb,currentColor 14%,transparent)">'
    '<span style="display:block;height:6px;border-radius:3px;width:{width:.1f}%;'
    'background:{colour}"></span></span></div>'
)


def answer_bars(
    predictions: Sequence[tuple[str, float]], *, emphasised: str = "", colour: str = "#3B82C4"
) -> str:
    """One bar for each (label, probability); ``emphasised`` is the label in bold."""
    return "".join(
        bar(label, percent(probability), probability, colour, bold=label == emphasised)
        for label, probability in predictions
    )


def bar(label: str, value: str, share: float, colour: str, *, bold: bool = False) -> str:
    """A label with a value, and a bar below that fills ``share`` (0 to 1) of its line."""
    return _ROW.format(
        label=escape(label),
        value=value,
        width=100 * share,
        colour=colour,
        weight=";font-weight:600" if bold else "",
    )


def sigma(deviation: float) -> str:
    """ "+2.1σ", "−0.4σ", "0.0σ"."""
    tenths = round(deviation, 1)
    return f"{tenths:+.1f}σ".replace("-", "−") if tenths else "0.0σ"


def percent(share: float) -> str:
    """ "92 %"; a decimal near both ends, never 0 or 100 for what isn't, "–" for NaN.

    The space doesn't break: a line must not begin with the sign.
    """
    if share != share:
        return "–"
    fine = round(100 * share, 1)
    if 0 < share < 0.001:
        number = "<0.1"
    elif 0.999 < share < 1:
        number = ">99.9"
    else:
        number = f"{fine:.1f}" if fine < 10 or 99 < fine < 100 else f"{100 * share:.0f}"
    return f"{number}\N{NO-BREAK SPACE}%"


def short_number(value: float) -> str:
    """A number with three significant digits and a proper minus sign; "–" for none."""
    if value != value:
        return "–"
    return f"{value:.3g}".replace("-", "−")


def signed(value: float) -> str:
    """The same with its sign, "+2.1", "−0.4"; "0" for what rounds to nothing."""
    text = f"{value:+.3g}".replace("-", "−") if value == value else "–"
    return "0" if text in ("+0", "−0") else text


def fixed(value: float, end: float) -> str:
    """A signed number with as many decimals as ``end``, the largest on the figure, needs."""
    decimals = max(2 - floor(log10(end)), 0) if end > 0 else 0
    text = f"{value:+.{min(decimals, 9)}f}".replace("-", "−")
    return text.lstrip("+−") if not text.strip("+−0.") else text


def answer_sentence(model: Classifier, trace: Trace, known: bool | None) -> str:
    """What the network says. HTML, labels escaped.

    ``known``: whether it has a class for what is on the photo; None where that isn't known.
    """
    label, probability = trace.predictions(1)[0]
    answer = f"<b>{escape(label)}</b> ({percent(probability)})"
    if model.source == "random":
        return f"This network has learned nothing: its answer, {answer}, is noise."
    said = f"{escape(model.title)} says {answer}"
    if len(trace.labels) == 1:
        said = f"{escape(model.title)} finds <b>{escape(label)}</b> {percent(probability)} likely"
    if known is False:
        said += "; it has no class for what is on this photo, and must choose one"
    return f"{said}."


def contribution_sentence(scores: Contributions) -> str:
    """What speaks most for and against an answer. HTML, labels escaped."""
    output = f"The {escape(scores.label)} is <b>{short_number(scores.value)}</b>."
    if scores.baseline in METHODS[scores.method].units:
        module, branch, score = scores.strongest()[0]
        return f"{output} The {_branch(module, branch)} is most active ({signed(score)})."
    found = scores.scores
    highest, lowest = (pick(found, key=lambda place: found[place]) for pick in (max, min))
    most, least = found[highest], found[lowest]
    text = f"{output} The {_branch(*highest)} speaks most for it: <b>{signed(most)}</b>"
    if least < 0:
        text += f"; the {_branch(*lowest)} most against it: <b>{signed(least)}</b>"
    return f"{text} {scores.unit}."


def contribution_change_sentence(before: Contributions, after: Contributions) -> str:
    """How an answer changed, and the three branches whose scores did most. HTML, labels escaped."""
    changes = {place: after.scores[place] - score for place, score in before.scores.items()}
    said = [
        f"{_branch(*place)} ({signed(before.scores[place])} → <b>{signed(after.scores[place])}</b>)"
        for place in sorted(changes, key=lambda place: -abs(changes[place]))[:3]
    ]
    return (
        f"The {escape(after.label)} goes from {short_number(before.value)} to "
        f"<b>{short_number(after.value)}</b>. What the branches say changed most in the "
        f"{', the '.join(said[:-1])} and the {said[-1]}."
    )


def check_sentence(scores: Contributions) -> str:
    """How far the scores of a module are from what the module is worth."""
    if np.isnan(scores.gap).all():
        return "No such property."
    worst = int(np.nanargmax(np.abs(scores.gap)))
    relative = float(scores.relative_gap[worst])
    size = f"{short_number(abs(float(scores.gap[worst])))} {scores.unit}"
    if np.isfinite(relative):  # a module may be worth nothing
        size += f", {percent(relative)} of it"
    module = scores.modules[worst]
    if scores.promise in ("exact", "limit"):
        return f"Largest gap to z(all) − z(none) of any module: {size} ({module})."
    return f"Largest difference to z(all) − z(none) of any module: {size} ({module})."


def _branch(module: str, branch: str) -> str:
    return f"{BRANCH_NAMES[branch]} branch of {module}"


def energy_share(branch: BranchFiring) -> str:
    """What part of its module's energy a branch holds."""
    if branch.energy_share is None:
        return "no energy: its module is silent"
    return f"{percent(branch.energy_share)} of the module's energy"


def evidence(cams: Cams, module: str, branch: Branch) -> str:
    """What part of its module's evidence a branch's map holds."""
    shares = cams.shares(module)
    if branch in shares:
        return f"{percent(shares[branch])} of the evidence"
    return "no evidence" + ": others outweigh it" * bool(cams.energy(module, branch))


def muting_sentence(before: Trace, after: Trace, target: Target) -> str:
    """What muting did to an answer. HTML, labels escaped."""
    values = [float(target.of(trace.heads[target.head][None]).item()) for trace in (before, after)]
    output = escape(target.describe(before.labels))
    if before.muted == after.muted:
        return f"All branches speak: the {output} is <b>{short_number(values[0])}</b>."
    first, second = (trace.predictions(1, target.head)[0] for trace in (before, after))
    choice = (
        f"the first choice stays {escape(first[0])} ({percent(first[1])} → {percent(second[1])})"
        if first[0] == second[0]
        else f"the first choice changes from {escape(first[0])} ({percent(first[1])}) to "
        f"<b>{escape(second[0])}</b> ({percent(second[1])})"
    )
    return (
        f"With {_counted(after.muted)} muted, the {output} goes from {short_number(values[0])} to "
        f"<b>{short_number(values[1])}</b>; {choice}."
    )


def exchange_sentence(first: Trace, now: Trace, second: Trace, head: str) -> str:
    """What another photo's branches did to an answer. HTML, labels escaped."""
    index, other = (int(trace.heads[head].argmax()) for trace in (first, second))
    shares = {
        trace: [float(trace.probabilities(head)[i]) for i in (index, other)]
        for trace in (first, now, second)
    }
    label, wanted = escape(first.labels[index]), escape(first.labels[other])
    if index == other:
        return (
            f"Both photos are <b>{label}</b> to this head: exchange branches, and see what stays."
        )
    if not now.exchanged:
        return (
            f"The first photo is <b>{label}</b> ({percent(shares[first][0])}), the second "
            f"<b>{wanted}</b> ({percent(shares[second][1])}). Which branches make the difference?"
        )
    says, share = now.predictions(1, head)[0]
    answer = int(now.heads[head].argmax())
    verb = {index: "still says", other: "now says, as for the second photo,"}.get(
        answer, "now says"
    )
    few = [str(p).replace("/", " ").replace("x", "×") for p in now.exchanged]
    said = " and ".join(few) if len(few) < 3 else _counted(now.exchanged)
    return (
        f"With {said} of the second photo, the network {verb} "
        f"<b>{escape(says)}</b> ({percent(share)}). {label}: {percent(shares[first][0])} → "
        f"{percent(shares[now][0])}; {wanted}: {percent(shares[first][1])} → "
        f"{percent(shares[now][1])}."
    )


def _counted(places: Collection[str]) -> str:
    """ "2 modules, 1 branch and 3 channels"."""
    kinds: Counter[str] = Counter(place.kind for place in map(Place.parse, places) if place)
    plurals = {"module": "modules", "branch": "branches", "channel": "channels"}
    parts = [f"{n} {kind if n == 1 else plurals[kind]}" for kind in plurals if (n := kinds[kind])]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def heads_sentence(beliefs: Sequence[HeadBelief], trace: Trace) -> str:
    """Who agrees with whom. HTML, labels escaped."""
    early, main = [b for b in beliefs if b.head != "main"], beliefs[-1]
    answer = f"<b>{escape(trace.labels[main.first_choice])}</b>"
    fitted = " The auxiliary heads were fitted afterwards." * any(b.fit for b in early)
    if not early:
        return f"The main head says {answer}; there is no trained auxiliary head to ask before."
    if all(b.agrees for b in early):
        first = early[0]
        return (
            f"Already after {first.after} the network says what it says in the end: {answer}."
            if len(early) > 1
            else f"The auxiliary head after {first.after} agrees with the main head: {answer}."
        ) + fitted
    said = ", ".join(
        f"{escape(trace.labels[b.first_choice])} after {b.after}" for b in early if not b.agrees
    )
    return f"The network changes its mind on the way: {said}, but {answer} in the end.{fitted}"


def compared(value: float, other: float) -> str:
    """A share of another figure: "+12 %", "−40 %", "×3.4"; "the same" if it is."""
    ratio = value / other
    if abs(ratio - 1) < 0.0005:
        return "the same"
    if ratio >= 2:
        return f"×{ratio:.1f}"
    text = f"{ratio - 1:+.1%}" if abs(ratio - 1) < 0.05 else f"{ratio - 1:+.0%}"
    return text.replace("-", "−").replace("%", "\N{NO-BREAK SPACE}%")
