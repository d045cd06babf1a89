"""The auxiliary heads, asked about this photo."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, choices
from app.session.scene import Scene
from app.views.learn.chapters.question import ask
from app.widgets import answers, messages, page_link
from app.widgets.messages import plain
from inception_viz.figures import percent


def show(scene: Scene) -> None:
    """Draw the chapter."""
    kept = (
        "The file of this network has none; here two were fitted to it afterwards"
        if scene.model.weights.fits
        else "Here they are kept"
    )
    st.markdown(
        "Two small classifiers branch off on the way, after 4a and 4d in the paper. In training "
        "they have a loss of their own, with weight 0.3, so that early layers are corrected from "
        "nearby. Later work found that they mainly keep the network from learning its photos by "
        f"heart. In use they are dropped. {kept}, because they say what the network can tell "
        "**already halfway**."
    )
    with messages.errors():
        found = {b.head: b for b in iv.beliefs(scene.model, scene.trace, scene.target)}
        early = next((b for b in found.values() if b.head != "main"), None)
        if early is None:
            st.info(
                "These weights have no trained auxiliary heads: there is nobody to ask halfway."
            )
            _offer_trained()
            return
        if early.fit is not None:
            st.caption("Heads that were trained together with their network say more:")
            _offer_trained()
        labels = scene.trace.labels
        said = plain(labels[early.first_choice])
        share = percent(float(scene.trace.probabilities(early.head)[early.first_choice]))
        end = plain(labels[found["main"].first_choice])
        reason = f"After {early.after}: {said} ({share}). In the end: {end}."
        answered = ask(
            "guess_early",
            scene,
            f"Does the head after {early.after} already give the final answer?",
            {True: "yes", False: "no"},
            lambda: ([early.agrees], reason),
            counts_as="early",
            about=[early.after],
        )
        if answered:
            answers.of_all_heads(scene, "lesson_heads", "What each head says")
    page_link.show("heads", "See where each head looks")


def _offer_trained() -> None:
    st.button(
        "Ask Imagenette GoogLeNet: ten classes, heads trained with it",
        icon=":material/swap_horiz:",
        key="ask_trained_heads",
        on_click=choices.choose,
        args=(address.MODEL, "imagenette"),
    )
