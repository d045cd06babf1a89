"""The order for a new training: pictures, network, recipe."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import models
from app.views.train import network, orders, pictures, recipe
from app.widgets import messages


def show() -> None:
    """Draw the form; its button starts the training."""
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Pictures", anchor=False)
        photos = pictures.show()
    with right:
        st.subheader("Network", anchor=False)
        untrained = network.show()
    st.subheader("Recipe", anchor=False)
    how = recipe.show()
    if st.button("Start training", type="primary", icon=":material/play_arrow:"):
        with messages.errors():
            if photos is None:
                raise iv.TrainingError("Choose pictures first: a ZIP, a folder or a dataset.")
            if untrained is None:
                raise iv.TrainingError("Choose the file of a network first, or another network.")
            with st.spinner("Preparing the pictures …"):
                run = orders.start(photos, untrained, how)
            models.started.set(run.path.name)
            st.rerun()
