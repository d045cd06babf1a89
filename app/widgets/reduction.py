"""The reduction explorer: what a 1×1 convolution in front of a larger one saves."""

from __future__ import annotations

import streamlit as st

from app.widgets import choice, figure
from inception_viz.architecture import (
    PAPER_EXAMPLE,
    GoogLeNetConfig,
    Reduction,
    channel_growth,
    reductions,
)
from inception_viz.figures import growth_bars, percent, reduction_bars, saving_curve

KEYS = ("red_kernel", "red_size", "red_in", "red_reduce", "red_filters")


def show(config: GoogLeNetConfig) -> None:
    """Draw it, and the same for every module of ``config``."""
    st.markdown(
        "A 5×5 convolution looks at 25 places of every channel that comes in. Let a 1×1 "
        "convolution squeeze the channels first, and it has less to look at. That is what makes an "
        "inception module affordable (section 4 of the paper)."
    )
    explorer()
    _in_every_module(config)


def explorer() -> None:
    """Draw one branch with sliders: what it costs, with a reduction and without."""
    example = PAPER_EXAMPLE
    left, right = st.columns([1, 1.6], gap="large")
    with left:
        kernel = choice.show("red_kernel", "Kernel", {5: "5×5", 3: "3×3"})
        size = _slider("red_size", "Side of the map", 4, 112, example.size)
        inputs = _slider("red_in", "Channels in", 1, 1024, example.in_channels)
        reduce = _slider("red_reduce", "Reduce filters", 1, 512, example.reduce)
        filters = _slider("red_filters", "Filters", 1, 512, example.filters)
    chosen = Reduction(size, inputs, reduce, filters, kernel)
    with right:
        figure.chart(
            "reduction",
            reduction_bars(chosen),
            "The convolution alone, and with a 1×1 reduction in front of it.",
        )
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
        figure.chart(
            "saving",
            saving_curve(chosen),
            "Above the dashed line a reduction costs more than it saves.",
        )


def _in_every_module(config: GoogLeNetConfig) -> None:
    st.subheader("In each module of the table", anchor=False)
    found = reductions(config)
    st.dataframe(
        {
            "module": [m for m, _ in found],
            "branch": [b.replace("x", "×") for _, b in found],
            "without, M MACs": [round(r.naive / 1e6, 1) for r in found.values()],
            "with, M MACs": [round(r.reduced / 1e6, 1) for r in found.values()],
            "saved, %": [round(100 * r.saved, 1) for r in found.values()],  # below 0: it costs more
            "break-even, filters": [round(r.break_even, 1) for r in found.values()],
        },
        hide_index=True,
        width="stretch",
    )
    st.subheader("Why naive modules can't be stacked", anchor=False)
    naive = channel_growth(GoogLeNetConfig.naive())
    figure.chart(
        "growth",
        growth_bars(channel_growth(config), naive),
        "A naive module's pool hands on every channel that comes in, so channels pile up: the last "
        f"module would put out {list(naive.values())[-1]:,}.",
    )


def _slider(key: str, label: str, low: int, high: int, value: int) -> int:
    chosen: int = st.slider(label, low, high, value, key=key, bind="query-params")
    return chosen
