"""A place for a file, or several; in a frame of another site, where none come in, the way out."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.frontend import component
from app.server import access

_framed = component("framed")


def file(label: str, *, key: str, **how: Any) -> UploadedFile | None:
    """Draw it, with the options of ``st.file_uploader``; the file that was brought, if any."""
    way_out(key)
    brought: UploadedFile | None = st.file_uploader(label, key=key, **how)
    return brought


def files(label: str, *, key: str, **how: Any) -> list[UploadedFile]:
    """The same for several files at once."""
    way_out(key)
    brought: list[UploadedFile] = st.file_uploader(
        label, key=key, accept_multiple_files=True, **how
    )
    return brought


def way_out(key: str) -> None:
    """Say where uploads to ``key`` can't work, and link to where they do; else draw nothing."""
    _framed(key=f"framed_{key}", data={"guarded": access.uploads_guarded()})
