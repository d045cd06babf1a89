"""Inception Viz, the app: page setup, navigation and the sidebar that all pages share."""

from __future__ import annotations

import sys
from pathlib import Path

# `streamlit run app/main.py` puts app/ on the path; the packages lie one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.server import tuning  # before PyTorch is loaded

with tuning.collector_paused():
    from app.frontend import text
    from app.server import access
    from app.session import address, choices, classroom, links, scene
    from app.sidebar import column, photo_picker
    from app.views import CLASS_PAGE, REGISTRY
    from app.widgets import class_line, messages, waiting

_FAVICON = Path(__file__).parents[1] / "assets" / "icon.png"


def main() -> None:
    """Draw the frame, then the page."""
    st.set_page_config(page_title="Inception Viz", layout="wide", page_icon=_FAVICON)
    links.follow()
    choices.begin()
    rules = text("page.css") + (text("large.css") if address.large() else "")
    st.html(f"<style>{rules}</style>")
    waiting.reserve_place()
    if not access.signed_in():
        return
    pages = [
        st.Page(f"views/{view.script}", title=view.title, url_path=view.url, default=not index)
        for index, view in enumerate(REGISTRY)
    ]
    menu: dict[str, list[StreamlitPage]] = {}
    for one, own in zip(REGISTRY, pages, strict=True):
        menu.setdefault(one.group, []).append(own)
    page = st.navigation(menu, position="top")
    links.arrive()
    view = REGISTRY[pages.index(page)]
    classroom.arrive()
    class_line.reserve_place()
    found = column.show()
    scene.found.set(found)
    column.toolbar(found)
    photo_picker.note_another_photo()
    if found is None and view.needs_scene:
        st.info("Choose a photo and a model at the side to begin.")
    else:
        page.run()
    class_line.show(here=view.url == CLASS_PAGE)
    choices.end()
    messages.unmet(links.unmet())
    tuning.freeze_libraries()
    tuning.give_memory_back()


main()
