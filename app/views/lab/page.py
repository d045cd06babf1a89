"""Architecture lab: edit the table, see what it costs, rebuild the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import address, lab, lab_history
from app.session.lab_draft import Draft, draft_in_file, draft_of, meaning
from app.session.scene import Scene, current
from app.views.lab import editor, frame, network, rebuilt
from app.widgets import choice, messages, reduction, uploader
from app.widgets.messages import plain
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
    _tools(scene.base, draft)
    editor.show(scene, frame.show(draft).names)
    rebuilt.show(scene)


def _reduction(scene: Scene, draft: Draft) -> None:
    address.keep(*_TABLE_KEYS)
    valid = lab_history.built_last(meaning(draft).config)
    reduction.show(valid or GoogLeNetConfig.paper())


def _paper(scene: Scene, draft: Draft) -> None:
    address.keep(*_TABLE_KEYS, *reduction.KEYS)
    network.paper_table()


_PRESETS: dict[str, Callable[[], GoogLeNetConfig]] = {
    "The paper": GoogLeNetConfig.paper,
    "torchvision's": GoogLeNetConfig.torchvision,
    "Naive modules": GoogLeNetConfig.naive,
    "Half width": GoogLeNetConfig.half_width,
    "No 5×5 branch": GoogLeNetConfig.without_5x5,
    "No pool projection": GoogLeNetConfig.without_projection,
}


def _tools(base: iv.Classifier, draft: Draft) -> None:
    """Buttons in front of the table."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.button(
            "Reset to the model",
            icon=":material/restart_alt:",
            on_click=_reset,
            args=(base.config,),
            key="lab_reset",
        )
        with st.popover("Start from …", icon=":material/dashboard_customize:"):
            for name, build in _PRESETS.items():
                st.button(name, on_click=_preset, args=(base.config, build()), width="stretch")
            _files(base, draft)


# Callbacks get no model: Streamlit keeps their arguments until the session ends.
def _reset(own: GoogLeNetConfig) -> None:
    lab_history.take(draft_of(own, tuple(own.modules)))


def _preset(own: GoogLeNetConfig, config: GoogLeNetConfig) -> None:
    """A preset with the model's classes, norm and input, so that its weights fit where they can."""
    config = replace(config, classes=own.classes, norm=own.norm, input_size=own.input_size)
    lab_history.take(draft_of(config, tuple(own.modules)))


def _files(base: iv.Classifier, draft: Draft) -> None:
    file = uploader.file("Or one file: JSON of a network, or CSV of its modules", key="lab_file")
    if file is None or st.session_state.get("lab_file_taken") == file.file_id:
        return
    with messages.errors():
        lab_history.take(draft_in_file(file.getvalue(), draft, tuple(base.config.modules)))
        st.session_state["lab_file_taken"] = file.file_id
        st.rerun()


show()
