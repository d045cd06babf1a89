"""What a 1×1 reduction saves."""

from __future__ import annotations

import streamlit as st

from app.session.scene import Scene
from app.views.learn.chapters.question import ask
from app.widgets import reduction
from inception_viz.architecture import PAPER_EXAMPLE
from inception_viz.figures import percent


def show(scene: Scene) -> None:
    """Draw the chapter."""
    example = PAPER_EXAMPLE
    st.markdown(
        "A 5×5 filter multiplies 25 numbers of **every** map that comes in. Module after "
        "module, that becomes too much to compute. The way out: let a 1×1 convolution mix the "
        "maps into a few first. "
        f"In module 3a, {example.in_channels} maps of {example.size}×{example.size} come in, and "
        f"the 5×5 branch makes {example.filters} new ones."
    )
    saved = round(100 * example.saved)
    reason = (
        f"{example.naive / 1e6:.1f} M multiplications become {example.reduce_cost / 1e6:.1f} M "
        f"for the reduction and {example.convolution_cost / 1e6:.1f} M for the convolution: "
        f"{percent(example.saved)} saved."
    )
    answered = ask(
        "guess_saving",
        scene,
        f"How many of its multiplications does the branch save if only {example.reduce} maps are "
        "left by the reduction?",
        {share: f"about {share}\N{NO-BREAK SPACE}%" for share in (25, 50, saved)},
        lambda: ([saved], reason),
        counts_as="saving",
    )
    if answered:
        st.markdown("**Do.** Move *Reduce filters* until the reduction costs more than it saves.")
        reduction.explorer()
