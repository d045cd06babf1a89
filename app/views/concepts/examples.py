"""The examples: brought, taken from the photo at the side, or made by rule."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.session import concepts
from app.session.concepts import Side
from app.session.scene import Scene
from app.widgets import picture, uploader
from app.widgets.messages import plain
from app.widgets.picture import Small
from inception_viz.features import Texture

_SIDES: dict[Side, str] = {"with": "With it", "without": "Without it"}


def show(scene: Scene) -> None:
    """Draw both sides, and ways to begin."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.text_input(
            "What is it?", key="concept_name", placeholder="stripes", max_chars=40, width=220
        )
        for kind in concepts.TEXTURES:
            st.button(
                f"Try {kind}", key=f"try_{kind}", on_click=_try, args=(kind,), width="content"
            )
        if concepts.photos("with") or concepts.photos("without"):
            st.button("Remove all", on_click=concepts.clear, width="content")
    for side, column in zip(_SIDES, st.columns(2, gap="large"), strict=True):
        with column:
            _side(scene, side)


def _try(kind: Texture) -> None:
    concepts.try_texture(kind)
    st.session_state["concept_name"] = kind


def _side(scene: Scene, side: Side) -> None:
    place = st.container()
    files = uploader.files(
        f"Up to {concepts.MOST} photos: {side} it, as JPEG, PNG, WebP, GIF, BMP or TIFF",
        key=f"concept_{side}",
        max_upload_size=50,
    )
    wrong = concepts.take(side, files)
    if wrong:
        st.error("\n\n".join(map(plain, wrong)), icon=":material/error:")
    st.button(
        "Add the photo at the side, as the network sees it",
        key=f"concept_scene_{side}",
        icon=":material/add_photo_alternate:",
        help="A sample, an upload or the camera; *Choose …* at the side takes any square of it.",
        on_click=concepts.add_scene,
        args=(side, scene),
        disabled=len(concepts.photos(side)) >= concepts.MOST,
    )
    with place:
        own = concepts.photos(side)
        st.markdown(f"**{_SIDES[side]}**: {len(own) or 'none yet'}")
        if own:
            small = [
                Small(p.id, p.small, f"Example {p.name}", tip=f"{p.name}: remove it") for p in own
            ]
            remove = partial(concepts.remove, side)
            picture.strip(f"examples_{side}", f"Examples {side} it", small, "", remove)
            st.caption("A click removes one.")
        elif side == "without":
            st.caption("Without any, crops of the sample photos stand in.")
