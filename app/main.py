"""Inception Viz, the app: page setup, navigation and the sidebar that all pages share."""

from __future__ import annotations

import sys
from pathlib import Path

# `streamlit run app/main.py` puts app/ on the path; the packages lie one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import streamlit as st

from app.server import collector

with collector.paused():
    from app.server import cores  # noqa: F401  # isort: skip  (before PyTorch is loaded)
    from app.server import login, memory
    from app.session import links
    from app.sidebar import column, photo_picker, toolbar
    from app.views import REGISTRY
    from app.widgets import style, waiting


def main() -> None:
    """Draw the frame, then the page."""
    st.set_page_config(page_title="Inception Viz", layout="wide", page_icon=style.FAVICON)
    links.follow()
    style.show()
    waiting.reserve_place()
    if not login.passed():
        return
    pages = [
        st.Page(f"views/{view.script}", title=view.title, url_path=view.url, default=not index)
        for index, view in enumerate(REGISTRY)
    ]
    page = st.navigation(pages, position="sidebar")
    st.session_state["scene"] = column.show()
    toolbar.show(st.session_state["scene"])
    photo_picker.note_another_photo()
    page.run()
    links.note_what_is_missing()
    collector.freeze_libraries()
    memory.give_back()


main()
