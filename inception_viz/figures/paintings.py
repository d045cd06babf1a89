"""What the network map can show: firing, contributions, where a class activation map is strong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Literal, get_args

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.explain.comparison import Comparison
from inception_viz.explain.contributions import Contributions
from inception_viz.explain.firing import BranchFiring, Firing
from inception_viz.explain.grad_cam import Cams
from inception_viz.explain.muting import Sweep
from inception_viz.figures.colours import BRANCH_NAMES, DIVERGING, SEQUENTIAL, hex_colour
from inception_viz.figures.network_map import Cell, HeadAnswer, Painting
from inception_viz.figures.words import (
    energy_share,
    evidence,
    fixed,
    percent,
    short_number,
    sigma,
    signed,
)
from inception_viz.trace import Trace

Metric = Literal["deviation", "energy_share", "mean"]
METRICS: tuple[Metric, ...] = get_args(Metric)
Key = tuple[str, str]  # a module and a branch
_END = 3.0  # σ at the ends of the scale


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
    scale, end, marks = SEQUENTIAL, 1.0, ("0", "", percent(1))
    if metric == "deviation":
        scale, end, marks = DIVERGING, _END, (f"−{_END:g}σ or less", "usual", f"+{_END:g}σ or more")
    elif metric == "mean":
        end = max((b.mean for b in firing.branches), default=0.0) or 1.0
        marks = ("0", "", f"{end:.3g}")
    shown = {"deviation": sigma, "energy_share": percent, "mean": "{:.3g}".format}[metric]
    cells: dict[Key, Cell] = {}
    for b in firing.branches:
        value = getattr(b, metric)
        level = (value or 0.0) / (2 * end) + 0.5 if metric == "deviation" else (value or 0.0) / end
        text = "–" if value is None else shown(value)
        cells[b.module, b.branch] = Cell(text, hex_colour(level, scale), _describe(b))
    modules = tuple(dict.fromkeys(b.module for b in firing.branches))
    widths: dict[Key, int] = {(b.module, b.branch): b.channels for b in firing.branches}
    return Painting(modules, cells, scale, marks, widths)


def _describe(branch: BranchFiring) -> str:
    """One branch's figures in words, for tooltips and screen readers."""
    share = energy_share(branch)
    usual = "" if branch.deviation is None else f", {sigma(branch.deviation)} from usual"
    return (
        f"{_name(branch.module, branch.branch)}: {branch.channels} channels, mean activation "
        f"{branch.mean:.3g}, {share}{usual}"
    )


def _name(module: str, branch: str) -> str:
    return f"{module}, {BRANCH_NAMES[branch]}"


def _signed_cells(
    values: Mapping[Key, float], words: Callable[[Key, float], str], red: int = 1
) -> tuple[dict[Key, Cell], float]:
    """Cells on a scale whose middle is zero, and its end; ``red``: the sign of what is red."""
    end = max(map(abs, values.values()), default=0.0) or 1.0
    cells = {
        place: Cell(
            fixed(value, end),
            hex_colour(red * value / (2 * end) + 0.5, DIVERGING),
            f"{_name(*place)}: {words(place, value)}",
        )
        for place, value in values.items()
    }
    return cells, end


def paint_contributions(scores: Contributions) -> Painting:
    """Scores on a scale whose middle is zero: red speaks for the target, blue against it."""
    cells, end = _signed_cells(scores.scores, lambda _, score: f"{signed(score)} {scores.unit}")
    marks = (signed(-end), f"0 ({scores.unit})", signed(end))
    return Painting(scores.modules, cells, DIVERGING, marks)


def paint_cams(cams: Cams, modules: tuple[str, ...]) -> Painting:
    """Each branch's share of its module's map, positive parts alone."""
    cells: dict[Key, Cell] = {}
    for module, branches in cams.branches.items():
        shares = cams.shares(module)
        for branch in branches:
            share = shares.get(branch)
            words = (
                f"{_name(module, branch)}: {evidence(cams, module, branch)} "
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
    places = [place for place in map(Place.parse, muted) if place]
    changes: dict[Key, float] = {(row.module, row.branch): row.change for row in swept.rows}
    own = {
        (m, b): [p.kind for p in places if p.module == m and p.branch in (None, b)]
        for m, b in changes
    }
    off = {place: not {"module", "branch"}.isdisjoint(kinds) for place, kinds in own.items()}

    def words(place: Key, change: float) -> str:
        some = f"{len(own[place])} of its channels muted" if own[place] else "on"
        state = "muted" if off[place] else some
        return f"{state}. Muting it alone changes it by {signed(change)} {unit}"

    cells, end = _signed_cells(changes, words, red=-1)
    cells = {place: replace(cell, pressed=not off[place]) for place, cell in cells.items()}
    marks = (f"{signed(end)} if muted", "0", f"{signed(-end)} if muted")
    return Painting(modules, cells, DIVERGING, marks)


def paint_difference(comparison: Comparison) -> Painting:
    """Second minus first: red where the second is higher, blue where it is lower."""
    unit = comparison.difference_unit
    own = "" if comparison.unit == unit else f"\N{NO-BREAK SPACE}{comparison.unit}"

    def words(place: Key, difference: float) -> str:
        first, second = (
            short_number(side[place]) + own for side in (comparison.first, comparison.second)
        )
        return f"{first} and {second}, {signed(difference)} {unit}"

    cells, end = _signed_cells(comparison.difference, words)
    marks = (signed(-end), f"0 ({unit})", signed(end))
    return Painting(comparison.modules, cells, DIVERGING, marks)
