"""An SVG of ours on the page, as wide as there is room."""

from __future__ import annotations

import streamlit as st

_JS = """
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector('.drawing');
  if (place.text !== data.svg) { place.innerHTML = place.text = data.svg; }
  place.style.maxWidth = data.width;
}
"""

_drawing = st.components.v2.component(
    "inception_viz.drawing",
    html='<div class="drawing"></div>',
    css=".drawing { overflow-x: auto; } .drawing svg { width: 100%; min-width: 560px; "
    "height: auto; display: block; }",
    js=_JS,
)


def show(key: str, svg: str, *, width: str = "none") -> None:
    """Draw ``svg``, whose foreign text is escaped already; ``width`` is CSS, the most it takes."""
    _drawing(key=key, data={"svg": svg, "width": width})
