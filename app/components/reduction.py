"""The reduction explorer: what a 1×1 convolution in front of a larger one saves."""

from __future__ import annotations

import streamlit as st

from app import state
from inception_viz.config import GoogLeNetConfig
from inception_viz.figures.answers import percent
from inception_viz.figures.reduction_bars import growth_bars, reduction_bars, saving_curve
from inception_viz.reduction import PAPER_EXAMPLE, Reduction, channel_growth, reductions


def show() -> None:
    """Draw it."""
    example = PAPER_EXAMPLE
    st.markdown(
        "A 5×5 convolution looks at 25 places of every channel that comes in. Let a 1×1 "
        "convolution squeeze the channels first, and it has less to look at. That is what makes an "
        "inception module affordable (section 4 of the paper)."
    )
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        kernel = 3 if st.segmented_control(
            "Kernel", ["5×5", "3×3"], default="5×5", required=True, key="red_kernel"
        ) == "3×3" else 5  # fmt: skip
        size = st.slider("Side of the map", 4, 112, example.size, key="red_size")
        inputs = st.slider("Channels in", 1, 1024, example.in_channels, key="red_in")
        reduce = st.slider("Reduce filters", 1, 512, example.reduce, key="red_reduce")
        filters = st.slider("Filters", 1, 512, example.filters, key="red_filters")
    chosen = Reduction(size, inputs, reduce, filters, kernel)
    with right:
        st.plotly_chart(reduction_bars(chosen), width="stretch", config={"displaylogo": False})
        verdict = (
            f"saves **{percent(chosen.saved)}**"
            if chosen.saved > 0
            else "**costs more** than it saves"
        )
        st.markdown(
            f"Without reduction: {size}² · {inputs} · {filters} · {kernel}² = "
            f"**{chosen.naive / 1e6:,.1f} M** multiplications. With it: {size}² · {inputs} · "
            f"{reduce} = {chosen.reduce_cost / 1e6:,.1f} M, plus {size}² · {reduce} · {filters} · "
            f"{kernel}² = {chosen.convolution_cost / 1e6:,.1f} M, together "
            f"**{chosen.reduced / 1e6:,.1f} M**. "
            f"That {verdict}. Break-even: {chosen.break_even:.1f} reduce filters."
        )
        st.plotly_chart(saving_curve(chosen), width="stretch", config={"displaylogo": False})
    config: GoogLeNetConfig = st.session_state.get(state.LAB_CONFIG) or GoogLeNetConfig.paper()
    st.subheader("In each module of the table", anchor=False)
    found = reductions(config)
    st.dataframe(
        {
            "module": [m for m, _ in found],
            "branch": [b.replace("x", "×") for _, b in found],
            "without, M MACs": [round(r.naive / 1e6, 1) for r in found.values()],
            "with, M MACs": [round(r.reduced / 1e6, 1) for r in found.values()],
            "saved": [percent(r.saved) if r.saved >= 0 else "costs more" for r in found.values()],
            "break-even, filters": [round(r.break_even, 1) for r in found.values()],
        },
        hide_index=True,
        width="stretch",
    )
    st.subheader("Why naive modules can't be stacked", anchor=False)
    naive = channel_growth(GoogLeNetConfig.naive())
    st.plotly_chart(
        growth_bars(channel_growth(config), naive), width="stretch", config={"displaylogo": False}
    )
    st.caption(
        "A naive module's pool hands on every channel that comes in, so channels pile up: the last "
        f"module would put out {list(naive.values())[-1]:,}."
    )
