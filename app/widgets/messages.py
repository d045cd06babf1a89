"""What went wrong, as messages on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from app.widgets.markdown import plain
from inception_viz.errors import InceptionVizError

_MOST = 6  # unmet wishes in words


@contextmanager
def errors() -> Iterator[None]:
    """Show the library's errors as messages, where they happen; nothing else is lost."""
    try:
        yield
    except InceptionVizError as error:
        st.error(plain(str(error)), icon=":material/error:")


def unmet(wishes: Sequence[str]) -> None:
    """Say which parts of a link mean nothing here."""
    if not wishes:
        return
    said = [*wishes]
    if len(said) > _MOST:
        said[_MOST:] = [f"{len(said) - _MOST} more"]
    st.toast(
        f"Parts of this link mean nothing here and were left out: {plain(', '.join(said))}.",
        icon=":material/link_off:",
        duration="long",
    )
