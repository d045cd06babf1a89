"""The table, the network that it describes, and what that costs: redrawn at every edit."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import lab_history
from app.session.lab_draft import meaning
from app.session.scene import Scene
from app.views.lab import network, rebuilt, table
from app.widgets.markdown import plain
from inception_viz.architecture import GoogLeNetConfig, check_budget, to_csv
from inception_viz.figures import network_diagram

_CELLS = (
    "Each cell is a number of filters; 0 leaves a layer out, an empty pool projection the "
    "whole pool branch. MACs: multiplications with their additions, for one picture (FLOPs are "
    "twice as many). Cells can be pasted from a spreadsheet."
)


@st.fragment
def show(scene: Scene, names: list[str]) -> None:
    """Draw what follows an edit at once; the rest of the page knows only the modules' ``names``."""
    draft = lab_history.current(scene.base)
    if draft.names != names:
        st.rerun()
    found = meaning(draft)
    message = found.message or _too_large(found.config)
    config = lab_history.built_last(None if message else found.config)
    table.show("lab_table", draft, found)
    if refused := lab_history.refusal():
        st.error(plain(f"Nothing was pasted. {refused}"), icon=":material/content_paste_off:")
    if message:
        said = "See the cell marked red." if found.errors else plain(message)
        stays = " Until then, the last network that can be built is shown." if config else ""
        st.error(f"{said}{stays}", icon=":material/error:")
    st.caption(_CELLS)
    if config is not None:
        network.show(config)
    with st.container(horizontal=True):
        built = config is not None and st.button(
            "Rebuild the network",
            type="primary",
            icon=":material/construction:",
            key="rebuild",
            disabled=bool(message),
        )
        if config is not None:
            _downloads(config)
    if built and config is not None:
        rebuilt.remember(config, draft.origins)
        st.rerun()


def _too_large(config: GoogLeNetConfig | None) -> str:
    if config is not None:
        try:
            check_budget(config)
        except iv.ConfigError as error:
            return str(error)
    return ""


def _downloads(config: GoogLeNetConfig) -> None:
    """The network as files."""
    for label, text, name, kind in (
        ("JSON", config.to_json(indent=1), "network.json", "application/json"),
        ("CSV", to_csv(config), "modules.csv", "text/csv"),
        ("SVG", network_diagram(config), "network.svg", "image/svg+xml"),
    ):
        st.download_button(
            label, text, name, kind, icon=":material/download:", on_click="ignore",
            key=f"lab_save_{label}",
        )  # fmt: skip
