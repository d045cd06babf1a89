"""The user's own photos, and small pictures of photos."""

from __future__ import annotations

import streamlit as st
from PIL import Image

import inception_viz as iv
from app.server.jobs import Job, Jobs
from app.session import uploads
from inception_viz.figures import jpeg

_OWN = "uploaded"
_jobs = Jobs(kept=1, words="Reading the photo …")  # of 16 MB at most; decoding may take 800 MB


def read(place: str, file: uploads.File) -> Job[iv.Picture]:
    """A photo that was brought to ``place``; its error is an ImageError for the user."""
    return uploads.read(place, file, _jobs, lambda name, data: iv.read_picture(data, name=name))


def own() -> iv.Picture | None:
    """The last good photo that the user brought in this session."""
    picture: iv.Picture | None = st.session_state.get(_OWN)
    return picture


def keep_own(picture: iv.Picture) -> None:
    """Remember the user's photo."""
    st.session_state[_OWN] = picture


@st.cache_data(show_spinner=False, max_entries=64)
def thumbnail(path: str, side: int) -> bytes:
    """A small JPEG of a picture file, its longer side ``side`` pixels."""
    with Image.open(path) as image:
        image.thumbnail((side, side))
        return jpeg(image.convert("RGB"), quality=80)
