"""Specialisation: whether the branches of a module prefer different things, and who says so."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, models, specialisations
from app.session.scene import current
from app.views.specialisation import claim
from app.widgets import choice, figure, messages
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.features import FAMILIES, Specialisation, table_of_tests
from inception_viz.figures import (
    agreement_sentence,
    finding,
    index_strips,
    level_lines,
    specialisation_sentence,
    specialisation_table,
    stimuli_row,
)
from inception_viz.files import csv_text

_BESIDE = {
    "imagenette": "Imagenette GoogLeNet",
    "bvlc": "BVLC GoogLeNet",
    "random": "Random weights: before training",
}
_QUESTION = (
    "Four families of pictures, made by rule, were shown to every channel. An index says what it "
    "prefers. Does it go with the branch? Each module and family is one test: "
    "the labels of the branches are shuffled 9,999 times, and p, the share of shuffles that "
    "separate the branches as well, is corrected by Holm for all tests of a network."
)
_TABLE = (
    "A cell is a test. Its number is η²: how much of the differences between a module's channels "
    "goes with their branch, 0 nothing, 1 all; the brighter, the more, on one scale for both "
    "networks. ★: p ≤ 5 %, corrected. Point at a cell for its sentence."
)
_PICTURES = (
    "One picture a level; the network sees others, too: other phases, periods, lengths, and turned."
)
_STRIPS = (
    "A dot is a channel, solid lines are quartiles and the median. The dashed line is the mean: "
    "whether means differ is what is tested."
)
_LINES = (
    "How a channel shares its response out over the levels, averaged over the channels of a branch."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Specialisation")
    lead = st.container()
    st.caption(_QUESTION)
    own = scene.model.source if scene.model is scene.base else ""
    beside = {name: title for name, title in _BESIDE.items() if name != own}
    chosen = choice.select("tested_beside", "Beside it", beside, width=380)
    with messages.errors():
        sides = []
        for place, network in enumerate((scene.model, result_of(models.of_source(chosen)))):
            found = _tests(f"tested_{place}", network)
            if found is None:
                return
            sides.append(found)
        said = f"{specialisation_sentence(sides[0])} {agreement_sentence(sides[0], sides[1])}"
        lead.html(f'<p class="iv-lead">{said}</p>')
        _tables(sides)
        _one_test(sides)
        _claim(sides)


def _tests(key: str, model: iv.Classifier) -> Specialisation | None:
    words = f"{model.title}: testing its branches …"
    return wait_for(key, specialisations.of(model), words)


def _tables(sides: list[Specialisation]) -> None:
    most = max((test.eta_squared for side in sides for test in side.tests), default=0.0)
    csv = csv_text(table_of_tests(sides))
    with figure.frame("tests", "Where branches differ", _TABLE, csv=csv):
        for place, (column, side) in enumerate(zip(st.columns(2), sides, strict=True)):
            with column:
                st.markdown(f"**{plain(side.tuning.title)}**")
                st.plotly_chart(
                    specialisation_table(side, most, large=address.large()),
                    width="stretch",
                    key=f"tests_{place}",
                    config={"displayModeBar": False},
                    alt=f"η² of every test of {side.tuning.title}",
                )


def _one_test(sides: list[Specialisation]) -> None:
    """Draw one test in full: its pictures, and what each channel and branch does with them."""
    st.header("One test in full", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        names = {name: family.title for name, family in FAMILIES.items()}
        family = choice.show("family", "Family of pictures", names)
        modules = list(sides[0].tuning.widths)
        module = choice.module("tested_at", modules, "3b" if "3b" in modules else modules[0])
    with figure.frame("stimuli", f"{names[family]}: the pictures", _PICTURES):
        st.html(stimuli_row(family))
    for place, (column, side) in enumerate(zip(st.columns(2, gap="medium"), sides, strict=True)):
        with column:
            _channels(place, side, module, family)


def _channels(place: int, side: Specialisation, module: str, family: str) -> None:
    title, test = plain(side.tuning.title), side.test(module, family)
    if module not in side.tuning.widths:
        st.markdown(f"**{title}** has no module {module}.")
        return
    said = "nothing to test: one branch, or hardly a channel that responds."
    st.markdown(f"**{title}**  \n{plain(finding(test) if test else f'{module}: {said}')}")
    figure.chart(f"index_{place}", index_strips(side.tuning, module, family), _STRIPS)
    figure.chart(f"levels_{place}", level_lines(side.tuning, module, family), _LINES)


def _claim(sides: list[Specialisation]) -> None:
    """Draw what others found beside what the two bundled networks show."""
    bundled = []
    for name in claim.BUNDLED:
        network = result_of(models.of_source(name))
        known = [side for side in sides if side.tuning.network == iv.features.identity(network)]
        found = known[0] if known else _tests(f"tested_{name}", network)
        if found is None:
            return
        bundled.append(found)
    claim.show(bundled)


show()
