"""The paper's table 1 beside what it costs by our count."""

from __future__ import annotations

import streamlit as st

from inception_viz.architecture import (
    WELL_KNOWN,
    GoogLeNetConfig,
    at_inference,
    audit,
    audit_table,
    layers,
    totals,
)

_SHORT = {  # so that all columns are seen at once; the text above says what K and M are
    "params, paper (K)": "K, paper",
    "params, computed (K)": "K, computed",
    "ops, paper (M)": "M, paper",
    "ops, computed (M)": "M, computed",
}


def show() -> None:
    """Draw it."""
    import pandas as pd

    st.markdown(
        "Table 1 of the paper ([arXiv 1409.4842](https://arxiv.org/abs/1409.4842)), and what its "
        "filter counts really cost. K is 1,024 weights, M a million multiply-accumulates. Where "
        "the two differ by more than rounding, the row is marked and the difference explained."
    )
    rows = audit()
    frame = audit_table().drop(columns="remark")
    for column in frame.columns:
        if "(" in column:  # figures; blank where the table is
            frame[column] = ["" if pd.isna(v) or not v else f"{v:,.1f}" for v in frame[column]]
    frame = frame.rename(columns=_SHORT)
    marked = {place for place, row in enumerate(rows) if row.remark}
    styled = frame.style.apply(
        lambda row: (
            ["font-weight: 600; background-color: rgba(230, 159, 0, 0.18)"] * len(row)
            if row.name in marked
            else [""] * len(row)
        ),
        axis=1,
    )
    st.dataframe(styled, hide_index=True, width="stretch", height=35 * (len(rows) + 1) + 3)
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
