"""Architecture lab: edit the table, see what it costs, rebuild the network."""

from __future__ import annotations

import streamlit as st

from app.session import address, lab, lab_history
from app.session.lab_draft import Draft, meaning
from app.session.scene import Scene, current
from app.views.lab import editor, frame, paper_table, rebuilt, tools
from app.widgets import choice, reduction
from app.widgets.markdown import plain
from inception_viz.architecture import GoogLeNetConfig

_TABLE_KEYS = (lab.KEEP, "lab_module")
_PARTS = {"table": "The table", "reduction": "1×1 reduction", "paper": "The paper's own figures"}


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Architecture lab")
    draft = lab_history.current(scene.base)
    if problem := lab_history.problem():
        st.toast(f"{plain(problem)} Showing the model's own table.")
    for tab, part in zip(choice.tabs("part", _PARTS), (_table, _reduction, _paper), strict=True):
        if tab.open:  # the others would only make this one wait
            with tab:
                part(scene, draft)


def _table(scene: Scene, draft: Draft) -> None:
    address.keep(*reduction.KEYS)
    tools.show(scene.base, draft)
    editor.show(scene, frame.show(draft).names)
    rebuilt.show(scene)


def _reduction(scene: Scene, draft: Draft) -> None:
    address.keep(*_TABLE_KEYS)
    valid = lab_history.built_last(meaning(draft).config)
    reduction.show(valid or GoogLeNetConfig.paper())


def _paper(scene: Scene, draft: Draft) -> None:
    address.keep(*_TABLE_KEYS, *reduction.KEYS)
    paper_table.show()


show()
