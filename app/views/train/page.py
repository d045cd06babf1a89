"""Train: your own GoogLeNet, live."""

from __future__ import annotations

import streamlit as st

from app.views.train import form, live, runs
from inception_viz.training import process


def show() -> None:
    """Draw the page."""
    st.title("Train your own GoogLeNet")
    st.html(
        '<p class="iv-lead">Put pictures into one folder per class, choose a network, and watch '
        "its three heads learn. Training goes on when you leave this page or close the tab.</p>"
    )
    active = process.active_run()
    if active is not None:
        live.show(active)
        st.caption(
            "One training at a time on this computer, so that it stays quick for everybody. When "
            "this one ends, you can start the next."
        )
    else:
        live.show_last_started()
        form.show()
    runs.show(active)


show()
