"""A button that copies the link to exactly this view."""

from __future__ import annotations

from app.frontend import component
from app.session import own_photos

_link = component("copy_link")


def show(key: str) -> None:
    """Draw the button."""
    note, done = "The address of exactly this view, to send or to keep.", "Link copied"
    if own_photos.current() is not None:
        note += " Your own photo is not in it: whoever opens it is told so."
        done = "Copied without your photo"
    _link(key=key, data={"note": note, "done": done}, width="content")
