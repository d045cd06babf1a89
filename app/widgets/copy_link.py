"""A button that copies the link to exactly this view, or another one."""

from __future__ import annotations

from app.frontend import component
from app.session import own_photos

_link = component("copy_link")


def show(key: str) -> None:
    """Draw the button that copies the address of this view."""
    note, done = "The address of exactly this view, to send or to keep.", "Link copied"
    if own_photos.current() is not None:
        note += " Your own photo is not in it: whoever opens it is told so."
        done = "Copied without your photo"
    _draw(key, "Copy link", "", note, done, "Copy it from the address bar")


def of(key: str, link: str, label: str) -> None:
    """Draw a button that copies another link."""
    _draw(key, label, link, link, "Link copied", "Copy it from the page")


def _draw(key: str, label: str, link: str, note: str, done: str, failed: str) -> None:
    data = {"label": label, "link": link, "note": note, "done": done, "failed": failed}
    _link(key=key, data=data, width="content")
