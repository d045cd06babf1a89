"""What the figures mean, whether they add up, and all of them as a table."""

from __future__ import annotations

import streamlit as st

from app.widgets import figure
from app.widgets.markdown import plain
from inception_viz.explain import METHODS, Contributions
from inception_viz.figures import check_sentence, contribution_bars, short_number


def show(found: Contributions) -> None:
    """Draw the method in words, its check, and bars by module."""
    method = METHODS[found.method]
    words, check = st.columns(2, gap="large")
    with words:
        st.markdown(f"**{method.title}.** {method.words}")
        with st.expander("Formula", icon=":material/function:"):
            st.latex(method.formula)
            st.caption(
                f"z: the output explained, here {plain(found.label)}. a: activations of branch b, "
                "channels c, places i, j. z(none): all branches of the module left out."
            )
    with check:
        st.markdown(f"**Check.** {check_sentence(found)} {method.check}")
        if found.muted:
            st.caption(f"Muted: {', '.join(sorted(found.muted))}.")
    figure.chart(
        "bars",
        contribution_bars(found),
        "A group of bars for each module; above zero the branch speaks for the output.",
    )


def table(found: Contributions) -> None:
    """Draw all figures, folded away."""
    folded = st.expander(
        "All figures",
        icon=":material/table:",
        key="figures",
        bind="query-params",
        on_change="rerun",
    )
    if not folded.open:  # a table takes as long to draw as a chart, and few open it
        return
    frame = found.to_frame()
    with folded:
        shown = frame.drop(columns=["unit", "method", "baseline", "target"])
        st.dataframe(shown, hide_index=True, width="stretch")
        st.caption(
            f"z(all) = {short_number(found.value)} {found.target.unit}. It took "
            f"{found.cost.seconds:.2g} s: {found.cost.variants} variants of a module's output sent "
            f"through the network after it, {found.cost.backward_passes} backward passes."
        )
