"""What Grad-CAM shows."""

from __future__ import annotations

import streamlit as st

from app.session import explanations
from app.session.scene import Scene
from app.views.learn.chapters.question import ask, highest
from app.widgets import choice, figure, messages, page_link, picture
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz import Target
from inception_viz.figures import BRANCH_NAMES, grid_csv, percent, short_number


def show(scene: Scene) -> None:
    """Draw the chapter."""
    label = plain(scene.trace.labels[scene.target])
    st.markdown(
        f"Which places of the photo speak for **{label}**? Grad-CAM asks each map how much the "
        "answer would rise with it (the gradient, averaged over the map), adds all maps up with "
        "those weights, and keeps what is positive."
    )
    with messages.errors():
        cams = result_of(explanations.cams(scene.model, scene.trace, Target(scene.target)))
        modules = list(cams)
        module = choice.show("learn_cam", "Module", {m: m for m in reversed(modules)})
        shares = cams.shares(module)
        if shares:
            parts = ", ".join(f"{BRANCH_NAMES[b]} {percent(s)}" for b, s in shares.items())
            ask(
                "guess_cam",
                scene,
                f"Which branch of {module} holds most of the evidence?",
                {b: BRANCH_NAMES[b] for b in shares},
                lambda: (highest(shares, percent), f"Shares of the evidence: {parts}."),
                counts_as="cam",
                about=[module],
            )
            if module == modules[-1]:
                st.caption(
                    "Nearly the question of chapter 5, but not quite: there what speaks against "
                    "the answer was taken off; here only the places that speak for it count."
                )
        else:
            st.caption(f"In {module}, there is no evidence for {label}: the map is dark.")
        values = cams[module]
        top = float(values.max())
        how = (
            f"Yellow: evidence for {label}, from 0 to {short_number(top)}. In early modules the "
            "map follows edges; only late ones know about things. A map shows where, not why."
        )
        csv = grid_csv([scene.cam_grid(cams, module)])
        with figure.frame("lesson_cam", f"Where {module} looks", how, csv=csv):
            photo, seen = st.columns(2, gap="medium")
            for column, strength, name in ((photo, 0.0, "The photo"), (seen, 0.6, "Its map")):
                jpeg = picture.over_photo(scene.trace, values, strength=strength, side=480)
                with column:
                    picture.show(jpeg, f"{name}: {module}" if strength else scene.alt, name)
    page_link.show("grad_cam", "See all modules, two classes compared, and how far to trust a map")
