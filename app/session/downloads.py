"""Weights on their way from the network, in the background, shared by everybody on this server."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from uuid import uuid4

import streamlit as st

import inception_viz as iv
from app.session.held import Held
from inception_viz.sources import REGISTRY

_starting = threading.Lock()
_RECENTLY = 3.0  # seconds; who waits for a download looks at it twice a second
_visitor = Held("visitor", lambda: uuid4().hex)


@dataclass
class Download:
    """One download, shared by everybody on this server."""

    done: int = 0
    total: int | None = None
    error: str = ""
    finished: bool = False
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _seen: dict[str, float] = field(default_factory=dict)  # visitor → when they looked at it last


class _CancelledError(Exception):
    """Raised inside the transfer when the user stops it."""


@st.cache_resource(show_spinner=False)
def _downloads() -> dict[str, Download]:
    return {}


def download(source: str) -> Download | None:
    """The latest download of a source, under way or over, if there was one."""
    return _downloads().get(source)


def look_at(job: Download) -> None:
    """Note that this session waits for it."""
    job._seen[_visitor()] = time.monotonic()


def stop(job: Download) -> bool:
    """Stop it, unless somebody else waits for it, too; whether it stops."""
    now = time.monotonic()
    others = [seen for who, seen in [*job._seen.items()] if who != _visitor()]
    if any(now - seen < _RECENTLY for seen in others):
        return False
    job._cancelled.set()
    return True


def start_download(source: str) -> None:
    """Fetch a source's weights in the background, unless that is happening already."""
    with _starting:
        current = _downloads().get(source)
        if current is not None and not current.finished:
            return
        job = _downloads()[source] = Download()

    def progress(done: int, total: int | None) -> None:
        if job._cancelled.is_set():
            raise _CancelledError
        job.done, job.total = done, total

    def work() -> None:
        try:
            fetch = REGISTRY[source].fetch
            if fetch is not None:
                fetch(progress)
        except iv.InceptionVizError as error:
            job.error = str(error)
        except _CancelledError:
            job.error = "Stopped. It will go on where it stopped."
        except Exception:
            job.error = "The download failed for an unexpected reason. Try again later."
        finally:
            job.finished = True

    threading.Thread(target=work, daemon=True, name=f"download-{source}").start()
