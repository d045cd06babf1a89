"""A network in figures and drawings: what it costs, all of it to scale, one module as boxes."""

from __future__ import annotations

import streamlit as st

from app.widgets import figure, picture
from inception_viz.architecture import GoogLeNetConfig, cost
from inception_viz.figures import compared, module_diagram, network_diagram

_PAPER = cost.totals(cost.at_inference(cost.layers(GoogLeNetConfig.paper())))
_HOW = (
    "A column for each module, as high as it has channels; pale blocks beside it are its reduce "
    "layers. Dashed lines: pools that halve the map."
)


def show(config: GoogLeNetConfig) -> None:
    """Draw them."""
    _totals(config)
    csv = cost.table(config).to_csv(index=False)
    with figure.frame("network", "The network to scale", _HOW, csv=csv):
        picture.drawing("lab_diagram", network_diagram(config))
    _module(config)


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
            picture.drawing("lab_module_boxes", module_diagram(config, module))
        with right:
            picture.drawing("lab_naive_boxes", module_diagram(config, module, naive=True))
        st.caption(
            "Left: as in the table. Right: without 1×1 reductions, figure 2a of the paper; its "
            "pool hands on every channel that comes in."
        )
