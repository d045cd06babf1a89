"""A network in figures and drawings; what the paper says that its own costs."""

from __future__ import annotations

import streamlit as st

from app.widgets import figure, picture
from inception_viz.architecture import (
    WELL_KNOWN,
    GoogLeNetConfig,
    at_inference,
    audit,
    audit_table,
    cost,
    layers,
    totals,
)
from inception_viz.figures import compared, module_diagram, network_diagram
from inception_viz.files import csv_text

_PAPER = cost.totals(cost.at_inference(cost.layers(GoogLeNetConfig.paper())))
_HOW = (
    "A column for each module, as high as it has channels; pale blocks beside it are its reduce "
    "layers. Dashed lines: pools that halve the map."
)


def show(config: GoogLeNetConfig) -> None:
    """Draw a network to scale, and one module as boxes."""
    csv = csv_text(cost.table(config))
    with figure.frame("network", "The network to scale", _HOW, csv=csv):
        picture.drawing("lab_diagram", network_diagram(config))
    _module(config)


def totals_line(config: GoogLeNetConfig) -> None:
    """Draw what a network costs, in one line."""
    ours = cost.totals(cost.at_inference(cost.layers(config)))
    figures = {
        "parameters": (ours.parameters, _PAPER.parameters, 1e6, ".2f", "M"),
        "MACs per picture": (ours.macs, _PAPER.macs, 1e9, ".2f", "G"),
        "activations": (ours.bytes, _PAPER.bytes, 1e6, ".1f", "MB"),
    }
    parts = []
    for name, (value, other, unit, digits, sign) in figures.items():
        text, paper = (f"{number / unit:{digits}} {sign}" for number in (value, other))
        note = f"{compared(value, other)}; the paper's: {paper}"
        parts.append(f"<span><b>{text}</b> {name}<br><small>{note}</small></span>")
    note = "Without the auxiliary heads; 32-bit floats."
    if config.classes != 1000:
        note += f" The paper's network has 1,000 classes, this one {config.classes}."
    st.html(f'<div class="iv-totals" title="{note}">{"".join(parts)}</div>', width="stretch")


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


_SHORT = {  # so that all columns are seen at once; the text above says what K and M are
    "params, paper (K)": "K, paper",
    "params, computed (K)": "K, computed",
    "ops, paper (M)": "M, paper",
    "ops, computed (M)": "M, computed",
}


def paper_table() -> None:
    """Draw the paper's table 1 beside what it costs by our count."""
    st.markdown(
        "Table 1 of the paper ([arXiv 1409.4842](https://arxiv.org/abs/1409.4842)), and what its "
        "filter counts really cost. K is 1,024 weights, M a million multiply-accumulates. Where "
        "the two differ by more than rounding, the row is marked and the difference explained."
    )
    rows = audit()
    frame = audit_table().drop(columns="remark")
    frame = frame.rename(columns=_SHORT)
    for column in _SHORT.values():
        frame[column] = frame[column].replace(0, float("nan"))  # where the table is blank
    marked = {place for place, row in enumerate(rows) if row.remark}
    styled = frame.style.apply(
        lambda row: (
            ["font-weight: 600; background-color: rgba(230, 159, 0, 0.18)"] * len(row)
            if row.name in marked
            else [""] * len(row)
        ),
        axis=1,
    ).format("{:,.1f}", subset=[*_SHORT.values()])
    height = 35 * (len(rows) + 1) + 3
    st.dataframe(styled, hide_index=True, width="stretch", height=height, placeholder="")
    for row in rows:
        if row.remark:
            st.markdown(f"- **{row.name}**: {row.remark}")
    printed = sum(row.paper_params or 0 for row in rows)
    ours = sum(row.params for row in rows)
    st.markdown(
        f"The printed column adds up to **{printed:,.1f} K**, the computed one to "
        f"**{ours:,.1f} K**, weights without biases and auxiliary heads."
    )
    own = totals(at_inference(layers(GoogLeNetConfig.paper())))
    for name, found in WELL_KNOWN.items():
        parameters, macs = found.parameters / 1e6, found.macs / 1e9
        st.caption(
            f"{name}: {parameters:.1f} M parameters, {found.parameters / own.parameters:.1f} times "
            f"GoogLeNet's {own.parameters / 1e6:.1f} M; {macs:.2f} G MACs, "
            f"{found.macs / own.macs:.1f} times its {own.macs / 1e9:.2f} G. Counted on "
            "torchvision's model."
        )
