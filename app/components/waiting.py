"""Wait for a job where its result will appear, with progress and a way out."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.jobs import Job

_QUICK = 0.12  # seconds; what is done by then needs no bar
_TICK = 0.05
_SLOW = 1.0  # after so many seconds there is a button to cancel


def wait_for(key: str, job: Job, words: str) -> bool:
    """Block until ``job`` is done; whether there is a result. Its error is raised here.

    Args:
        key: of the widgets.
        job: the work.
        words: what is being done, "Muting each branch …".
    """
    place = st.empty()  # always there, so that what follows keeps its place on the page
    with job.watched():
        if not job.finished.wait(_QUICK):
            _show(key, place, job, words)
    if job.error is not None:
        raise job.error
    if job.cancelled:
        st.info(f"{words.rstrip(' …')}: stopped.", icon=":material/do_not_disturb_on:")
        st.button("Start again", key=f"{key}_again", on_click=job.allow)
        return False
    return True


def _show(key: str, place: DeltaGenerator, job: Job, words: str) -> None:
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(job.share, text=words)
        button = st.empty()
    waited, offered = 0.0, False
    while not job.finished.wait(_TICK):
        waited += _TICK
        bar.progress(job.share, text=words)
        if waited > _SLOW and not offered:
            button.button("Cancel", key=f"{key}_cancel", on_click=job.cancel)
            offered = True
    place.empty()
