"""The network map, to click."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from inception_viz.figures.network_map import HeadAnswer, Painting, network_map

CSS = """
.map { container-type: inline-size; }
.map svg { width: 100%; height: auto; display: block; }
.map .iv-tall { display: none; max-width: 460px; margin: auto; }
@container (max-width: 700px) {
  .map .iv-wide { display: none; }
  .map .iv-tall { display: block; }
}
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  map.innerHTML = data.wide + data.tall;
  for (const place of map.querySelectorAll('[data-go]')) {
    const go = () => setTriggerValue('clicked', place.dataset.go);
    place.onclick = go;
    place.onkeydown = event => {
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); go(); }
    };
  }
}
"""

_map = st.components.v2.component(
    "inception_viz.branch_map", html='<div class="map"></div>', css=CSS, js=_JS
)


def show(
    key: str, painting: Painting, heads: Mapping[str, HeadAnswer], *, narrow: bool = False
) -> str | None:
    """Draw the map; return what was just clicked: "stem", "4c/5x5", … The SVG escapes labels.

    ``narrow``: the map stands beside others, so there is never room for the wide layout.
    """
    result = _map(
        key=key,
        data={
            "wide": "" if narrow else network_map(painting, heads, "wide"),
            "tall": network_map(painting, heads, "tall"),
        },
        on_clicked_change=lambda: None,
    )
    clicked: str | None = result.clicked
    return clicked
