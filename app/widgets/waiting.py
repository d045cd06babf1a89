"""Wait for a job: with progress, one's place in the queue, and a way out."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any, TypeVar
from weakref import ref

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.server.jobs import Job
from app.session import choices

T = TypeVar("T")

_QUICK = 0.12  # seconds; what is done by then needs no bar
_TICK = 0.1
_SLOW = 1.0  # after so many seconds there is a button to cancel
_PATIENCE = 0.6  # seconds that nobody minds
_PLACE = "waiting_place"


def reserve_place() -> None:
    """Make room for a note to those who wait; call before anything waits."""
    with st.container(key="waiting"):
        st.session_state[_PLACE] = st.empty()


def result_of(job: Job[T]) -> T:
    """The result of a quick job, whose error is raised here.

    Who has to wait for others all the same sees how many, or what is being done.
    """
    with job.watched():
        if not job.finished.wait(_PATIENCE):
            _wait_for_turn(job)
        return job.outcome()


def wait_for(key: str, job: Job[T], words: str) -> T | None:
    """The result of a slow job, whose error is raised here; None once this user has cancelled it.

    ``words`` say what is being done: "Muting each branch …".
    """
    place = st.empty()  # always there, so that what follows keeps its place on the page
    cancelled = f"{key}_cancelled"  # in the session: for others the job goes on
    if st.session_state.get(cancelled) == job.key and not job.finished.is_set():
        st.info(f"{words.rstrip(' …')}: stopped.", icon=":material/do_not_disturb_on:")
        st.button(
            "Start again", key=f"{key}_again", on_click=choices.choose, args=(cancelled, None)
        )
        return None
    with job.watched():
        if not job.finished.wait(_QUICK):
            _show(key, place, job, words, partial(_cancel, cancelled, ref(job)))
        return job.outcome()


def _cancel(key: str, waited_for: ref[Job[Any]]) -> None:
    """Streamlit keeps what a callback gets until the session ends, so the job is held weakly."""
    job = waited_for()
    if job is not None:
        st.session_state[key] = job.key
        job.withdraw()


def _wait_for_turn(job: Job[Any]) -> None:
    place: DeltaGenerator = st.session_state[_PLACE]
    while not job.finished.wait(_TICK):
        # Said again and again: only then can another click of this user end the waiting.
        said = _place_in_queue(job) or job.words or "Computing …"
        place.html(f'<p class="iv-waiting" role="status">{escape(said)}</p>')
    place.empty()


def _show(
    key: str, place: DeltaGenerator, job: Job[Any], words: str, cancel: partial[None]
) -> None:
    def text() -> str:
        return " ".join(filter(None, (words, _place_in_queue(job))))

    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(job.share, text=text())
        button = st.empty()
    waited, offered = 0.0, False
    while not job.finished.wait(_TICK):
        waited += _TICK
        bar.progress(job.share, text=text())
        if waited > _SLOW and not offered:
            button.button("Cancel", key=f"{key}_cancel", on_click=cancel)
            offered = True
    place.empty()


def _place_in_queue(job: Job[Any]) -> str:
    if not job.ahead:
        return ""
    return f"Waiting for your turn: {job.ahead} before you."
