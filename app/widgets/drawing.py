"""An SVG of ours on the page, as wide as there is room."""

from __future__ import annotations

from app.frontend import component

_drawing = component("drawing")


def show(key: str, svg: str, *, width: str = "none") -> None:
    """Draw ``svg``, whose foreign text is escaped already; ``width`` is CSS, the most it takes."""
    _drawing(key=key, data={"svg": svg, "width": width})
