"""Foreign text on the page."""

from __future__ import annotations

import re

UNLINKED = "\u2060"  # a word joiner: invisible
_MARKUP = re.compile(r"([\\`*_\[\]<>$:~|#!&]|^[-+=]|(?<=\d)[.)](?=\s))", re.MULTILINE)
# Addresses and icons are found in text that is read already, so a backslash doesn't stop them: an
# invisible word joiner does.
_FOUND_LATER = re.compile(r"(:(?=//|[a-z]\w*[/:\\\[])|\bwww(?=\.)|@(?=\w))", re.IGNORECASE)


def plain(text: str) -> str:
    """Escape what Markdown would act on: names from files and URLs are shown as they are."""
    return _FOUND_LATER.sub(rf"\1{UNLINKED}", _MARKUP.sub(r"\\\1", text.lstrip()))
