"""What lies in a ZIP or a folder, before anything starts: classes, parts, what is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import streamlit as st

from app.server.jobs import Jobs
from app.widgets import messages
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.training import NAME_ENCODINGS, Arrangement, SplitQuestionError

_looks = Jobs(kept=2, words="Looking into it …")
_LISTED = 12  # classes
_FOLDERS = {"parts": "Parts of the data", "classes": "Classes"}
Look = Callable[[bool | None, str | None], tuple[Arrangement[Any], str]]


def show(identity: tuple[object, ...], look: Look) -> tuple[bool | None, str | None]:
    """Draw it, and ask what is unclear: whether folders are parts; how names are written.

    Args:
        identity: of the ZIP or folder, and its state.
        look: finds out, given the two answers.
    """
    of_this = f"{crc32(repr(identity).encode()):x}"  # answers belong to one ZIP or folder
    folders, written = f"train_folders_{of_this}", f"train_names_{of_this}"
    splits = {"parts": True, "classes": False}.get(st.session_state.get(folders) or "")
    names: str | None = st.session_state.get(written)
    job = _looks.get((identity, splits, names), lambda _progress: look(splits, names))
    asked, guessed = splits is not None, ""
    with messages.errors():
        try:
            found, guessed = result_of(job)
            _say(found)
        except SplitQuestionError as question:
            st.warning(plain(str(question)), icon=":material/help:")
            asked = True
    if asked:
        _ask_folders(folders)
    if guessed or names:
        _ask_names(written, guessed)
    return splits, names


def _say(found: Arrangement[Any]) -> None:
    labels = ", ".join(found.labels[:_LISTED])
    more = f" and {len(found.labels) - _LISTED} more" if len(found.labels) > _LISTED else ""
    judged = (
        f"{len(found.validation):,} to be judged by"
        if found.validation is not None
        else "a fifth of them held out to be judged by"
    )
    st.markdown(
        f"**{len(found.labels)} classes**: {plain(labels)}{more}. {len(found.train):,} pictures to "
        f"learn from, {judged}."
    )
    if found.left_out:
        with st.expander(f"What is left out, and why ({len(found.left_out)})"):
            st.markdown("\n".join(f"- {plain(said)}" for said in found.left_out))


def _ask_folders(key: str) -> None:
    st.segmented_control(
        "These folders are",
        list(_FOLDERS),
        format_func=_FOLDERS.__getitem__,
        key=key,
    )


def _ask_names(key: str, guessed: str) -> None:
    st.selectbox(
        f"The ZIP doesn't say how its names are written; read as {guessed or 'you chose'}. If they "
        "look wrong, choose another encoding",
        NAME_ENCODINGS,
        index=None,
        placeholder=guessed or None,
        key=key,
    )
