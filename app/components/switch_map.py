"""The network map as a switchboard: a click mutes a branch, another lets it speak again."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from app import state
from app.components.branch_map import CSS
from inception_viz.figures.network_map import Painting, network_map

# The page may be behind the clicks. So clicks toggle the picture at once and are numbered; what
# comes from the server counts only if it knows of the latest one.
_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const own = map.switches ??= { number: 0, muted: new Set() };
  if (data.number >= own.number) {
    own.number = data.number;
    own.muted = new Set(data.muted);
  }
  map.innerHTML = data.wide + data.tall;
  const places = [...map.querySelectorAll('[data-go]')];
  const draw = () => places.forEach(place => {
    const [module] = place.dataset.go.split('/');
    const off = own.muted.has(place.dataset.go) || own.muted.has(module);
    place.setAttribute('aria-pressed', !off);
  });
  const flip = place => {
    const name = place.dataset.go, module = name.split('/')[0];
    if (own.muted.delete(module)) {
      for (const other of places)
        if (other.dataset.go.startsWith(module + '/')) own.muted.add(other.dataset.go);
    }
    if (!own.muted.delete(name)) own.muted.add(name);
    own.number += 1;
    draw();
    setTriggerValue('flipped', { number: own.number, muted: [...own.muted] });
  };
  for (const place of places) {
    place.onclick = () => flip(place);
    place.onkeydown = event => {
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); flip(place); }
    };
  }
  draw();
}
"""

_map = st.components.v2.component(
    "inception_viz.switch_map", html='<div class="map"></div>', css=CSS, js=_JS
)
_NUMBER = "switch_number"


def show(key: str, painting: Painting, muted: Collection[str]) -> None:
    """Draw the switches; flipping one changes what :func:`app.state.muted` says."""

    def flipped() -> None:
        change = st.session_state[key].flipped
        st.session_state[_NUMBER] = int(change["number"])
        state.mute([str(place) for place in change["muted"]])

    _map(
        key=key,
        data={
            "wide": network_map(painting, {}, "wide"),
            "tall": network_map(painting, {}, "tall"),
            "muted": sorted(muted),
            "number": st.session_state.get(_NUMBER, 0),
        },
        on_flipped_change=flipped,
    )
