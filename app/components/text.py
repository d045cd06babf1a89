"""Foreign text on the page."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """Escape what Markdown would act on: names from files and URLs are shown as they are."""
    return re.sub(r"([\\`*_\[\]<>$:~|#!])", r"\\\1", text)
