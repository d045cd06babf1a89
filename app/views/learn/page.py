"""Learn: a lesson in short chapters, on the network and the photo at the side."""

from __future__ import annotations

import streamlit as st

from app.session.scene import current
from app.views.learn import words
from app.views.learn.chapters import CHAPTERS
from app.widgets import choice, heading, page_link

_CHAPTER = "chapter"


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Learn", scene)
    names = {chapter.name: f"{n} {chapter.title}" for n, chapter in enumerate(CHAPTERS, 1)}
    chosen = choice.show(_CHAPTER, "Chapter", names)
    place = list(names).index(chosen)
    chapter = CHAPTERS[place]
    st.header(names[chosen].replace(" ", ". ", 1), anchor=False)
    chapter.show(scene)
    st.caption(f"Sources: {chapter.source}.")
    words.show()
    before, after, _ = st.columns([1, 1, 3])
    if place > 0:
        before.button("Previous", on_click=_go, args=(place - 1,), width="stretch")
    if place < len(CHAPTERS) - 1:
        after.button("Next", on_click=_go, args=(place + 1,), type="primary", width="stretch")
    elif after.button("Explore on your own", type="primary", width="stretch"):
        page_link.go("explore")


def _go(place: int) -> None:
    st.session_state[_CHAPTER] = CHAPTERS[place].name


show()
