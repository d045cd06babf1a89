"""Pieces of SVG drawings."""

from __future__ import annotations

import re
from html import escape


def text(
    x: float,
    y: float,
    words: str,
    size: int,
    *,
    anchor: str = "middle",
    bold: bool = False,
    soft: bool = False,
    fill: str = "",
) -> str:
    """Words at (x, y), escaped; ``anchor``: start, middle or end; no ``fill``: the page's ink."""
    weight = ' font-weight="600"' if bold else ""
    opacity = ' opacity=".75"' if soft else ""
    style = f' style="fill:{fill}"' if fill else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"{weight}{opacity}'
        f"{style}>{escape(words)}</text>"
    )


def enlarged(body: str) -> str:
    """A drawing with letters a quarter larger, for projectors."""
    return re.sub(r'(?<=font-size=")\d+', lambda size: f"{float(size[0]) * 1.25:g}", body)
