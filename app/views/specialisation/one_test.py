"""One test in full: its pictures, and what each channel and each branch does with them."""

from __future__ import annotations

import streamlit as st

from app.widgets import choice, figure
from app.widgets.messages import plain
from inception_viz.features import FAMILIES, Specialisation
from inception_viz.figures import finding, index_strips, level_lines, stimuli_row

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


def show(sides: list[Specialisation]) -> None:
    """Draw the choice of a test, and the test of both networks side by side."""
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
