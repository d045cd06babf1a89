"""What branches prefer: the tests as a table in colour, one of them in full, its stimuli."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from inception_viz.features.responses import Tuning
from inception_viz.features.specialised import BranchTest, Specialisation
from inception_viz.features.stimuli import FAMILIES
from inception_viz.figures.chart import chart
from inception_viz.figures.colours import (
    BRANCH_COLOURS,
    BRANCH_NAMES,
    hex_colour,
    ink_on,
)
from inception_viz.figures.photo import data_url, jpeg
from inception_viz.figures.words import percent

_STIMULUS = 112  # pixels of a side
_AXES = {
    "orientation": "selectivity: 0 any, 1 one angle",
    "frequency": "preferred period, log₂ of pixels",
    "curvature": "−1 straight, +1 curved",
    "colour": "−1 light and dark, +1 hue",
}
_BENDS: dict[float | str, str] = {0.0: "straight", 0.25: "¼ turn", 0.5: "½ turn", 1.0: "ring"}


def specialisation_table(found: Specialisation, most: float) -> str:
    """Modules × families as HTML, coloured by η² from 0 to ``most``; a star: significant."""
    head = "".join(f"<th>{escape(family.capitalize())}</th>" for family in FAMILIES)
    rows = "".join(
        f"<tr><th>{escape(module)}</th>"
        + "".join(_test_cell(found.test(module, family), most) for family in FAMILIES)
        + "</tr>"
        for module in found.tuning.widths
    )
    return f'<table class="iv-tests"><tr><td></td>{head}</tr>{rows}</table>'


def _test_cell(test: BranchTest | None, most: float) -> str:
    if test is None:
        return '<td title="nothing to test">–</td>'
    colour, number = hex_colour(test.eta_squared / (most or 1)), f"{test.eta_squared:.2f}"
    mark = f"<b>{number} ★</b>" if test.significant else number
    style = f"background:{colour};color:{ink_on(colour)}"
    return f'<td style="{style}" title="{escape(finding(test))}">{mark}</td>'


def finding(test: BranchTest) -> str:
    """What a test found, its branches written as on screen."""
    words = re.sub(r"(\d)x(\d)", r"\1×\2", test.sentence)
    return words.replace(" = ", "\u202f=\u202f")  # spaces that don't break


def specialisation_sentence(found: Specialisation) -> str:
    """How many tests are significant, and the largest effect. HTML, labels escaped."""
    title = escape(found.tuning.title)
    significant = [test for test in found.tests if test.significant]
    if not significant:
        return (
            f"In {title} none of {len(found.tests)} tests finds that the branches of a module "
            "prefer different things."
        )
    most = max(significant, key=lambda test: test.eta_squared)
    family = FAMILIES[most.family].title.lower()
    return (
        f"In {title} the branches of a module differ in <b>{len(significant)} of "
        f"{len(found.tests)}</b> tests, but little: most in {family} at {most.module}, where the "
        f"branch explains {percent(most.eta_squared)} of how the channels differ (η²)."
    )


def agreement_sentence(first: Specialisation, second: Specialisation) -> str:
    """In how many tests both networks find a difference, and the same one. HTML."""
    found = [{(t.module, t.family): t for t in f.tests if t.significant} for f in (first, second)]
    both = found[0].keys() & found[1].keys()
    same = sum(found[0][place].highest == found[1][place].highest for place in both)
    said = f"{escape(second.tuning.title)}: {len(found[1])} of {len(second.tests)}."
    if not both:
        return f"{said} No test finds a difference in both."
    return (
        f"{said} <b>{len(both)}</b> find a difference in both, <b>{same}</b> of these with the "
        "same branch highest."
    )


def index_strips(tuned: Tuning, module: str, family: str) -> go.Figure:
    """The index of every channel of a module, in a column a branch, with quartiles."""
    index, strips, start = tuned.index(family, module), [], 0
    for branch, width in tuned.widths[module].items():
        values = index[start : start + width]
        start += width
        heard = np.flatnonzero(np.isfinite(values))
        strips.append(
            go.Box(
                x=np.full(len(heard), BRANCH_NAMES[branch], object),
                y=values[heard],
                customdata=heard,
                name=BRANCH_NAMES[branch],
                boxpoints="all",
                jitter=0.6,
                pointpos=0,
                boxmean=True,
                marker={"color": BRANCH_COLOURS[branch], "size": 4, "opacity": 0.45},
                line={"color": BRANCH_COLOURS[branch], "width": 2},
                fillcolor="rgba(0,0,0,0)",
                hovertemplate=f"{module}/{branch}:%{{customdata}}: %{{y:.2f}}<extra></extra>",
            )
        )
    axis = {"title": _AXES[family], "range": _range(family), "zeroline": False}
    return chart(strips, _titled(tuned, "index by branch"), 330, yaxis=axis, showlegend=False)


def _range(family: str) -> list[float]:
    ends = {"orientation": [-0.04, 1.04], "frequency": [1.9, 5.7]}
    return ends.get(family, [-1.06, 1.06])


def level_lines(tuned: Tuning, module: str, family: str) -> go.Figure:
    """What share of their response a branch's channels give to each level, on average."""
    names = level_names(family, unit=False)
    lines = [
        go.Scatter(
            x=names,
            y=[float(value) for value in shares],
            name=BRANCH_NAMES[branch],
            mode="lines+markers",
            line={"color": BRANCH_COLOURS[branch], "width": 3},
            marker={"size": 7},
            hovertemplate=f"{BRANCH_NAMES[branch]}, %{{x}}: %{{y:.1%}}<extra></extra>",
        )
        for branch, shares in tuned.level_shares(family, module).items()
    ]
    same = {"color": "#888", "width": 1, "dash": "dash"}
    flat = [1 / len(names)] * len(names)
    lines += [go.Scatter(x=names, y=flat, name="no preference", mode="lines", line=same)]
    about = FAMILIES[family]
    unit = about.unit if family != "curvature" else ""
    title = f"{about.title} ({unit})" if unit else about.title
    return chart(
        lines,
        _titled(tuned, "response by level"),
        330,
        legend=-0.3,
        bottom=60,
        xaxis={"title": title, "type": "category"},
        yaxis={"title": "share of the response", "tickformat": ".0%", "rangemode": "tozero"},
    )


def _titled(tuned: Tuning, words: str) -> str:
    return f"{escape(tuned.title)}: {words}"


def level_names(family: str, *, unit: bool = True) -> list[str]:
    """The levels of a family: "30°", "8 px a period", "ring", "red to green"."""
    of = FAMILIES[family]
    after = ("" if of.unit == "°" else " ") + of.unit if unit and of.unit else ""
    named = (_BENDS.get(level, level) if family == "curvature" else level for level in of.levels)
    return [name if isinstance(name, str) else f"{name:g}{after}" for name in named]


@lru_cache(maxsize=8)
def stimuli_row(family: str) -> str:
    """One picture of every level with its name below; HTML that breaks where there is no room."""
    of = FAMILIES[family]
    pixels = (255 * of.pictures(_STIMULUS)[:, of.shown]).round().byte().permute(0, 2, 3, 1)
    tiles = (
        '<figure style="margin:0;flex:1 1 4.2rem;max-width:5.6rem">'
        f'<img src="{data_url(jpeg(Image.fromarray(array), quality=88))}" alt="" '
        'style="width:100%;display:block;border-radius:6px">'
        f'<figcaption style="font-size:.85rem;text-align:center">{escape(name)}</figcaption>'
        "</figure>"
        for array, name in zip(pixels.numpy(), level_names(family), strict=True)
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.6rem">{"".join(tiles)}</div>'
