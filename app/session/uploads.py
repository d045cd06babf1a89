"""Files that the user brought: each is read once, for all who bring the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.server.jobs import Job, Jobs
from inception_viz.errors import WeightsError

T = TypeVar("T")


class NotNowError(WeightsError):
    """A file that can't be read for the moment; it is tried anew at the next run."""


@dataclass(frozen=True)
class _Read:
    file_id: str
    job: Job[Any]


def read(
    place: str, file: UploadedFile, jobs: Jobs, reader: Callable[[str, bytes], T], how: str = ""
) -> Job[T]:
    """The job that reads a file which was brought to ``place``, an uploader's key.

    The session holds it until another file comes, so that also a bad file is read once. ``how``
    tells ways to read the same file from one another.
    """
    held: _Read | None = st.session_state.get(f"{place}_read")
    same = held is not None and held.file_id == f"{file.file_id} {how}"
    if held is None or not same or isinstance(held.job.error, NotNowError):
        name, content = file.name, file.getvalue()
        key = (name, hashlib.sha256(content).hexdigest(), how)
        job = jobs.get(key, lambda _progress: reader(name, content))
        held = _Read(f"{file.file_id} {how}", job)
        st.session_state[f"{place}_read"] = held
    found: Job[T] = held.job
    return found


def kept(place: str) -> Job[Any] | None:
    """The job of what was brought to ``place`` last, if anything was."""
    held: _Read | None = st.session_state.get(f"{place}_read")
    return None if held is None else held.job


def forget(place: str) -> None:
    """Let go of what was brought to ``place``."""
    st.session_state.pop(f"{place}_read", None)
