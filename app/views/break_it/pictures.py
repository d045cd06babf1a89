"""Both pictures side by side, and ways to take them along and to bring changes back."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from app.session import breaking
from app.session.breaking import Game, Verdict
from app.session.scene import Scene
from app.widgets import figure, messages, uploader
from inception_viz.figures import data_url, jpeg, marked, percent
from inception_viz.files import slug

_TAKEN = "break_it_file_taken"


def show(scene: Scene, game: Game, found: Verdict) -> None:
    """Draw them."""
    before, after = found.before.picture.image, found.after.picture.image
    drawn = (
        (before, "Before", _said(found, 0)),
        (after, "After", _said(found, 1)),
        (marked(after, found.changed), "What differs", "changed pixels in orange"),
    )
    with figure.frame("break_it_pictures", "Before and after"):
        tiles = "".join(
            f'<figure><img alt="{escape(title)}: {escape(scene.alt)}" '
            f'src="{data_url(jpeg(image, quality=92))}">'
            f"<figcaption><b>{title}</b>: {escape(words)}</figcaption></figure>"
            for image, title, words in drawn
        )
        st.html(f'<div class="iv-pair">{tiles}</div>')
    with st.container(horizontal=True, gap="small"):
        _downloads(scene, game)
        with st.popover("Replay changes", icon=":material/replay:"):
            _replay()


def _said(found: Verdict, side: int) -> str:
    label, share = (found.before, found.after)[side].predictions(1)[0]
    return f"{label}, {percent(share)}"


def _downloads(scene: Scene, game: Game) -> None:
    name = slug(scene.photo, "photo")
    st.download_button(
        "Both pictures and the changes",
        partial(breaking.archive, game),
        f"broken-{name}.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        key="break_it_zip",
    )
    st.download_button(
        "Changes",
        game.changes.to_json(),
        f"changes-{name}.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
        key="break_it_json",
    )


def _replay() -> None:
    file = uploader.file("Changes that were saved here: one JSON file", key="break_it_file")
    if file is None or st.session_state.get(_TAKEN) == file.file_id:
        return
    with messages.errors():
        breaking.replay(file.getvalue())
        st.session_state[_TAKEN] = file.file_id
        st.rerun()
