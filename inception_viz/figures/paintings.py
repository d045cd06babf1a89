"""What the network map can show: firing, contributions, where a class activation map is strong."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Literal, get_args

import numpy as np

from inception_viz.architecture.config import BRANCHES
from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.explain.comparison import Comparison
from inception_viz.explain.contributions import Contributions
from inception_viz.explain.firing import BranchFiring, Firing
from inception_viz.explain.grad_cam import Cams
from inception_viz.explain.muting import Sweep
from inception_viz.figures.answers import percent, sigma
from inception_viz.figures.colours import BRANCH_NAMES, DIVERGING, SEQUENTIAL, hex_colour
from inception_viz.figures.network_map import Cell, HeadAnswer, Painting
from inception_viz.figures.words import energy_share, evidence, fixed, short_number, signed
from inception_viz.trace import Trace

Metric = Literal["deviation", "energy_share", "mean"]
METRICS: tuple[Metric, ...] = get_args(Metric)

DEVIATION_RANGE = 3.0  # σ at the ends of the scale


def head_answers(classifier: Classifier, trace: Trace) -> dict[str, HeadAnswer]:
    """What each head on the map says."""
    answers = {"main": HeadAnswer(*trace.predictions(1)[0])}
    for name, head in classifier.config.heads.items():
        fit = str(classifier.weights.fits.get(name, ""))
        answers[name] = (
            HeadAnswer(*trace.predictions(1, name)[0], head.after, fit)
            if name in trace.heads
            else HeadAnswer("never trained", None, head.after)
        )
    return answers


def paint_firing(firing: Firing, metric: Metric) -> Painting:
    """How the branches fire, by one of three figures."""
    end = scale_end(firing, metric)
    if metric == "deviation":
        scale, marks = DIVERGING, (f"−{end:g}σ or less", "usual", f"+{end:g}σ or more")
    else:
        last = percent(end) if metric == "energy_share" else f"{end:.3g}"
        scale, marks = SEQUENTIAL, ("0", "", last)
    return Painting(
        tuple(dict.fromkeys(b.module for b in firing.branches)),
        {
            (b.module, b.branch): Cell(_text(b, metric), _fill(b, metric, end), describe(b))
            for b in firing.branches
        },
        scale,
        marks,
        {(b.module, b.branch): b.channels for b in firing.branches},
    )


def scale_end(firing: Firing, metric: Metric) -> float:
    """The value at the strong end of the colour scale."""
    if metric == "deviation":
        return DEVIATION_RANGE
    if metric == "energy_share":
        return 1.0
    return max((b.mean for b in firing.branches), default=0.0) or 1.0


def describe(branch: BranchFiring) -> str:
    """One branch's figures in words, for tooltips and screen readers."""
    share = energy_share(branch)
    usual = "" if branch.deviation is None else f", {sigma(branch.deviation)} from usual"
    return (
        f"{branch.module}, {BRANCH_NAMES[branch.branch]}: {branch.channels} channels, mean "
        f"activation {branch.mean:.3g}, {share}{usual}"
    )


def _fill(branch: BranchFiring, metric: Metric, end: float) -> str:
    if metric == "deviation":
        return hex_colour((branch.deviation or 0.0) / (2 * end) + 0.5, DIVERGING)
    value = branch.energy_share if metric == "energy_share" else branch.mean
    return hex_colour((value or 0.0) / end, SEQUENTIAL)


def _text(branch: BranchFiring, metric: Metric) -> str:
    value = getattr(branch, metric)
    if value is None:
        return "–"
    show = {"deviation": sigma, "energy_share": percent, "mean": "{:.3g}".format}[metric]
    return show(value)


def paint_contributions(scores: Contributions) -> Painting:
    """Scores on a scale whose middle is zero: red speaks for the target, blue against it."""
    end = float(np.nanmax(np.abs(scores.values), initial=0.0)) or 1.0
    cells: dict[tuple[str, str], Cell] = {}
    for module, row in zip(scores.modules, scores.values, strict=True):
        for branch, score in zip(BRANCHES, row.tolist(), strict=True):
            if not np.isnan(score):
                words = f"{module}, {BRANCH_NAMES[branch]}: {signed(score)} {scores.unit}"
                colour = hex_colour(score / (2 * end) + 0.5, DIVERGING)
                cells[module, branch] = Cell(fixed(score, end), colour, words)
    return Painting(
        scores.modules, cells, DIVERGING, (signed(-end), f"0 ({scores.unit})", signed(end))
    )


def paint_cams(cams: Cams, modules: tuple[str, ...]) -> Painting:
    """Each branch's share of its module's map, positive parts alone."""
    cells: dict[tuple[str, str], Cell] = {}
    for module, branches in cams.branches.items():
        shares = cams.shares(module)
        for branch in branches:
            share = shares.get(branch)
            words = (
                f"{module}, {BRANCH_NAMES[branch]}: {evidence(cams, module, branch)} "
                f"({short_number(cams.energy(module, branch))})"
            )
            shown = "–" if share is None else percent(share)
            cells[module, branch] = Cell(shown, hex_colour(share or 0.0, SEQUENTIAL), words)
    return Painting(modules, cells, SEQUENTIAL, ("0 %", "", "100 %"))


def paint_switches(
    swept: Sweep, unit: str, modules: tuple[str, ...], muted: AbstractSet[str]
) -> Painting:
    """Every branch as a switch with what muting it alone changes; ``muted`` are switched off.

    Red, as on contributions, where the answer falls without the branch.
    """
    end = max((abs(row.change) for row in swept.rows), default=0.0) or 1.0
    cells: dict[tuple[str, str], Cell] = {}
    places = {place for place in map(Place.parse, muted) if place}
    for row in swept.rows:
        own = [p for p in places if p.module == row.module and p.branch in (None, row.branch)]
        off = any(place.kind != "channel" for place in own)
        state = "muted" if off else f"{len(own)} of its channels muted" if own else "on"
        words = (
            f"{row.module}, {BRANCH_NAMES[row.branch]}: {state}. Muting it alone changes it "
            f"by {signed(row.change)} {unit}"
        )
        colour = hex_colour(-row.change / (2 * end) + 0.5, DIVERGING)
        cells[row.module, row.branch] = Cell(fixed(row.change, end), colour, words, pressed=not off)
    return Painting(
        modules, cells, DIVERGING, (f"{signed(end)} if muted", "0", f"{signed(-end)} if muted")
    )


def paint_difference(comparison: Comparison) -> Painting:
    """Second minus first: red where the second is higher, blue where it is lower."""
    differences, unit = comparison.difference, comparison.difference_unit
    own = "" if comparison.unit == unit else f"\N{NO-BREAK SPACE}{comparison.unit}"
    end = max((abs(value) for value in differences.values()), default=0.0) or 1.0
    cells: dict[tuple[str, str], Cell] = {}
    for (module, branch), value in differences.items():
        first, second = (side[module, branch] for side in (comparison.first, comparison.second))
        words = (
            f"{module}, {BRANCH_NAMES[branch]}: {short_number(first)}{own} and "
            f"{short_number(second)}{own}, {signed(value)} {unit}"
        )
        cells[module, branch] = Cell(
            fixed(value, end), hex_colour(value / (2 * end) + 0.5, DIVERGING), words
        )
    marks = (signed(-end), f"0 ({unit})", signed(end))
    return Painting(comparison.modules, cells, DIVERGING, marks)
