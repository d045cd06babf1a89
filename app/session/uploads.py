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


def read(place: str, file: UploadedFile, jobs: Jobs, reader: Callable[[str, bytes], T]) -> Job[T]:
    """The job that reads a file which was brought to ``place``, an uploader's key.

    The session holds it until another file comes, so that also a bad file is read once.
    """
    held: _Read | None = st.session_state.get(f"{place}_read")
    if held is None or held.file_id != file.file_id or isinstance(held.job.error, NotNowError):
        name, content = file.name, file.getvalue()
        key = (name, hashlib.sha256(content).digest())
        held = _Read(file.file_id, jobs.get(key, lambda _progress: reader(name, content)))
        st.session_state[f"{place}_read"] = held
    job: Job[T] = held.job
    return job


def forget(place: str) -> None:
    """Let go of what was brought to ``place``."""
    st.session_state.pop(f"{place}_read", None)
