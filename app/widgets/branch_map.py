"""The network map, to click."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.session import address
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

# A place that is replaced under the mouse loses its click, and its focus: so what is drawn already
# stays, and takes over what differs.
REDRAW = """
function redraw(map, svg) {
  const fresh = map.cloneNode(false);
  fresh.innerHTML = svg;
  become(map, fresh);
}

function become(old, fresh) {
  for (const name of old.getAttributeNames())
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const ours = [...old.childNodes], theirs = [...fresh.childNodes];
  theirs.forEach((node, i) => {
    const mine = ours[i];
    if (!mine) old.append(node);
    else if (mine.nodeName !== node.nodeName) mine.replaceWith(node);
    else if (mine.nodeType === Node.ELEMENT_NODE) become(mine, node);
    else if (mine.data !== node.data) mine.data = node.data;
  });
  ours.slice(theirs.length).forEach(node => node.remove());
}

function whenChosen(map, act) {
  map.onclick = event => {
    const place = event.target.closest('[data-go]');
    if (place) act(place);
  };
  map.onkeydown = event => {
    const place = event.target.closest('[data-go]');
    if (place && [' ', 'Enter'].includes(event.key)) { event.preventDefault(); act(place); }
  };
}
"""

_JS = (
    REDRAW
    + """
export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  redraw(map, data.wide + data.tall);
  whenChosen(map, place => setTriggerValue('clicked', place.dataset.go));
}
"""
)

_map = st.components.v2.component(
    "inception_viz.branch_map", html='<div class="map"></div>', css=CSS, js=_JS
)


def show(
    key: str, painting: Painting, heads: Mapping[str, HeadAnswer], *, narrow: bool = False
) -> str | None:
    """Draw the map; return what was just clicked: "stem", "4c/5x5", … The SVG escapes labels.

    ``narrow``: the map stands beside others, so there is never room for the wide layout.
    """
    large = address.large()
    result = _map(
        key=key,
        data={
            "wide": "" if narrow else network_map(painting, heads, "wide", large=large),
            "tall": network_map(painting, heads, "tall", large=large),
        },
        on_clicked_change=lambda: None,
    )
    clicked: str | None = result.clicked
    return clicked
