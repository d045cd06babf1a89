"""Attributions down to the pixels."""

from __future__ import annotations

from typing import Literal

import streamlit as st

import inception_viz as iv
from app.session import explanations
from app.session.scene import Scene
from app.widgets import choice, picture
from app.widgets.waiting import wait_for
from inception_viz.explain import PIXEL_METHODS, PixelMethod
from inception_viz.figures import short_number


def show(scene: Scene, target: iv.Target, module: str, strength: float) -> None:
    """Draw the choice of a method and its map."""
    st.subheader("Down to the pixels", anchor=False)
    names: dict[PixelMethod | Literal["none"], str] = {"none": "none"}
    names.update({key: info.title for key, info in PIXEL_METHODS.items()})
    method = choice.show("pixels", "Method", names)
    if method == "none":
        st.caption(
            "A class activation map is as coarse as its module. These methods follow the answer "
            "down to the photo's pixels. They take seconds."
        )
        return
    info = PIXEL_METHODS[method]
    place = module if method == "guided_grad_cam" else ""
    job = explanations.job(
        iv.pixel_map, scene.model, scene.trace, target, method=method, module=place
    )
    found = wait_for("pixel_map", job, f"{info.title} …")
    if found is None:
        return
    photo, words = st.columns([1, 1.4], gap="medium")
    top = found.strong  # a few extreme pixels would leave the others pale
    with photo:
        jpeg = picture.over_photo(
            scene.trace, found.values, maximum=top, signed=True, strength=max(strength, 0.7)
        )
        picture.show(jpeg, f"{info.title} over the photo")
        st.caption(
            f"Red speaks for the output, blue against it, at ±{short_number(top)} and beyond."
        )
    with words:
        st.markdown(f"**{info.title}.** {info.words}")
        if method == "integrated_gradients":
            st.caption(
                f"Its pixels add up to {short_number(found.total)} {target.unit}, which should be "
                "what the photo is worth more than a grey one."
            )
