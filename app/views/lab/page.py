"""Architecture lab: edit the table, see what it costs, rebuild the network."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address
from app.session.scene import Scene, current
from app.views.lab import (
    editing,
    options,
    paper_table,
    rebuilt,
    table,
)
from app.views.lab.editing import Draft
from app.widgets import choice, drawing, figure, reduction
from app.widgets.markdown import plain
from inception_viz.architecture import cost
from inception_viz.architecture.budget import check_budget
from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.figures.diagram import module_diagram, network_diagram
from inception_viz.figures.words import compared

_PAPER = cost.totals(cost.at_inference(cost.layers(GoogLeNetConfig.paper())))

_TABLE_KEYS = ("keep", "lab_module")
_VALID = "lab_valid"  # the last config that could be built
_PARTS = {"table": "The table", "reduction": "1×1 reduction", "paper": "The paper's own figures"}
_HOW = (
    "A column for each module, as high as it has channels; pale blocks beside it are its reduce "
    "layers. Dashed lines: pools that halve the map."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Architecture lab")
    draft = editing.current(scene.base)
    for tab, part in zip(choice.tabs("part", _PARTS), (_table, _reduction, _paper), strict=True):
        if tab.open:  # the others would only make this one wait
            with tab:
                part(scene, draft)


def _table(scene: Scene, draft: Draft) -> None:
    address.keep(*reduction.KEYS)
    options.tools(scene.base, draft)
    _editor(scene, options.frame(draft).names)
    rebuilt.show(scene)


def _reduction(scene: Scene, draft: Draft) -> None:
    address.keep(*_TABLE_KEYS)
    valid = editing.meaning(draft).config or st.session_state.get(_VALID)
    reduction.show(valid or GoogLeNetConfig.paper())


def _paper(scene: Scene, draft: Draft) -> None:
    address.keep(*_TABLE_KEYS, *reduction.KEYS)
    paper_table.show()


@st.fragment
def _editor(scene: Scene, names: list[str]) -> None:
    """Everything that follows an edit at once; the rest of the page knows only ``names``."""
    draft = editing.current(scene.base)
    if draft.names != names:
        st.rerun()
    found = editing.meaning(draft)
    message = found.message
    if found.config is not None:
        try:
            check_budget(found.config)
            st.session_state[_VALID] = found.config
        except iv.ConfigError as error:
            message = str(error)
    table.show("lab_table", draft, found)
    config: GoogLeNetConfig | None = st.session_state.get(_VALID)
    if message:
        said = "See the cell marked red." if found.errors else plain(message)
        stays = " Until then, the last network that can be built is shown." if config else ""
        st.error(f"{said}{stays}", icon=":material/error:")
    st.caption(
        "Each cell is a number of filters; 0 leaves a layer out, an empty pool projection the "
        "whole pool branch. MACs: multiplications with their additions, for one picture (FLOPs are "
        "twice as many). Cells can be pasted from a spreadsheet."
    )
    if config is not None:
        _totals(config)
        csv = cost.table(config).to_csv(index=False)
        with figure.frame("network", "The network to scale", _HOW, csv=csv):
            drawing.show("lab_diagram", network_diagram(config))
        _module(config)
    with st.container(horizontal=True):
        built = config is not None and st.button(
            "Rebuild the network",
            type="primary",
            icon=":material/construction:",
            key="rebuild",
            disabled=bool(message),
        )
        if config is not None:
            options.downloads(config)
    if built and config is not None:
        rebuilt.remember(config, draft.origins)
        st.rerun()


def _totals(config: GoogLeNetConfig) -> None:
    ours = cost.totals(cost.at_inference(cost.layers(config)))
    figures = {
        "Parameters": (ours.parameters, _PAPER.parameters, 1e6, ".2f", "M"),
        "MACs per picture": (ours.macs, _PAPER.macs, 1e9, ".2f", "G"),
        "Activations": (ours.bytes, _PAPER.bytes, 1e6, ".1f", "MB"),
    }
    for column, (name, (value, other, unit, digits, sign)) in zip(
        st.columns(3), figures.items(), strict=True
    ):
        text, paper = (f"{number / unit:{digits}} {sign}" for number in (value, other))
        note = f"{compared(value, other)}; the paper's: {paper}"
        column.metric(name, text, note, delta_color="off", delta_arrow="off")
    note = "Without the auxiliary heads; 32-bit floats."
    if config.classes != 1000:
        note += f" The paper's network has 1,000 classes, this one {config.classes}."
    st.caption(note)


def _module(config: GoogLeNetConfig) -> None:
    with st.expander("One module as boxes, and the naive one", icon=":material/account_tree:"):
        names = list(config.modules)
        if st.session_state.get("lab_module") not in names:
            st.session_state["lab_module"] = names[0]
        module = (
            st.pills("Module", names, key="lab_module", required=True, bind="query-params")
            or names[0]
        )
        left, right = st.columns(2, gap="medium")
        with left:
            drawing.show("lab_module_boxes", module_diagram(config, module))
        with right:
            drawing.show("lab_naive_boxes", module_diagram(config, module, naive=True))
        st.caption(
            "Left: as in the table. Right: without 1×1 reductions, figure 2a of the paper; its "
            "pool hands on every channel that comes in."
        )


show()
