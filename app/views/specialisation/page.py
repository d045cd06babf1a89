"""Specialisation: whether the branches of a module prefer different things, and who says so."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import models, specialisations
from app.session.scene import current
from app.views.specialisation import claim, one_test
from app.widgets import choice, figure, messages
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.features import Specialisation, table_of_tests
from inception_viz.figures import (
    agreement_sentence,
    specialisation_sentence,
    specialisation_table,
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
_PARTS = {"tests": "All tests", "one": "One test in full", "claim": "Distill's claim"}


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
        of_one = {"family", "tested_at"} & set(st.query_params)  # as links of before say
        default = "one" if of_one else "tests"
        parts = (_tables, one_test.show, _claim)
        for tab, part in zip(choice.tabs("tested", _PARTS, default), parts, strict=True):
            if tab.open:  # the others would only make this one wait
                with tab:
                    part(sides)


def _tests(key: str, model: iv.Classifier) -> Specialisation | None:
    words = f"{model.title}: testing its branches …"
    return wait_for(key, specialisations.of(model), words)


def _tables(sides: list[Specialisation]) -> None:
    most = max((test.eta_squared for side in sides for test in side.tests), default=0.0)
    csv = csv_text(table_of_tests(sides))
    with figure.frame("tests", "Where branches differ", _TABLE, csv=csv):
        for column, side in zip(st.columns(2), sides, strict=True):
            with column:
                st.markdown(f"**{plain(side.tuning.title)}**")
                st.html(specialisation_table(side, most))


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
