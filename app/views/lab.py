"""Architecture lab: edit the table, see what it costs, rebuild the network."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app import lab
from app.components import drawing, lab_options, lab_rebuilt, lab_table, paper_table, reduction
from app.components.scene import Scene, current
from inception_viz import cost
from inception_viz.budget import check_budget
from inception_viz.config import GoogLeNetConfig
from inception_viz.figures.diagram import module_diagram, network_diagram
from inception_viz.figures.words import compared

_PAPER = GoogLeNetConfig.paper()


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Architecture lab")
    tabs = st.tabs(["The table", "1×1 reduction", "The paper's own figures"])
    with tabs[0]:
        _editor(scene)
        lab_rebuilt.show(scene)
    with tabs[1]:
        reduction.show()
    with tabs[2]:
        paper_table.show()


@st.fragment
def _editor(scene: Scene) -> None:
    """Everything that follows an edit at once; the rest of the page stays as it is."""
    base = scene.base
    draft = lab.current(base)
    lab_options.tools(base, draft)
    draft = lab_options.frame(draft)
    found = lab.meaning(draft)
    config = found.config
    message = found.message
    if config is not None:
        try:
            check_budget(config)
        except iv.ConfigError as error:
            config, message = None, str(error)
    lab_table.show("lab_table", draft, found)
    if message:
        st.error(f"{message} The last valid network stays.", icon=":material/error:")
    st.caption(
        "Each cell is a number of filters; 0 leaves a layer out, an empty pool projection the "
        "whole pool branch. MACs: multiplications with their additions, for one picture (FLOPs are "
        "twice as many). Cells can be pasted from a spreadsheet."
    )
    if config is not None:
        _totals(config)
        drawing.show("lab_diagram", network_diagram(config))
        _module(config)
    with st.container(horizontal=True):
        built = config is not None and st.button(
            "Rebuild the network", type="primary", icon=":material/construction:"
        )
        if config is not None:
            lab_options.downloads(config)
    if built and config is not None:
        lab_rebuilt.remember(config, draft.origins)
        st.rerun()


def _totals(config: GoogLeNetConfig) -> None:
    ours = cost.totals(cost.at_inference(cost.layers(config)))
    paper = cost.totals(cost.at_inference(cost.layers(_PAPER)))
    figures = {
        "Parameters": (f"{ours.parameters / 1e6:.2f} M", ours.parameters, paper.parameters),
        "MACs a picture": (f"{ours.macs / 1e9:.2f} G", ours.macs, paper.macs),
        "Activations": (f"{ours.bytes / 1e6:.1f} MB", ours.bytes, paper.bytes),
    }
    for column, (name, (text, value, other)) in zip(st.columns(3), figures.items(), strict=True):
        note = f"{compared(value, other)} beside the paper's"
        column.metric(name, text, note, delta_color="off", delta_arrow="off")
    st.caption("Without the auxiliary heads; 32-bit floats.")


def _module(config: GoogLeNetConfig) -> None:
    with st.expander("One module as boxes, and the naive one", icon=":material/account_tree:"):
        names = list(config.modules)
        if st.session_state.get("lab_module") not in names:
            st.session_state["lab_module"] = names[0]
        module = st.pills("Module", names, key="lab_module", required=True) or names[0]
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
