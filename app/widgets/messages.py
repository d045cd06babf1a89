"""Words on the page: what went wrong, and text of others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

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


UNLINKED = "\u2060"  # a word joiner: invisible
_MARKUP = re.compile(r"([\\`*_\[\]<>$:~|#!&]|^[-+=]|(?<=\d)[.)](?=\s))", re.MULTILINE)
# Addresses and icons are found in text that is read already, so a backslash doesn't stop them: an
# invisible word joiner does.
_FOUND_LATER = re.compile(r"(:(?=//|[a-z]\w*[/:\\\[])|\bwww(?=\.)|@(?=\w))", re.IGNORECASE)


def plain(text: str) -> str:
    """Escape what Markdown would act on: names from files and URLs are shown as they are."""
    return _FOUND_LATER.sub(rf"\1{UNLINKED}", _MARKUP.sub(r"\\\1", text.lstrip()))
