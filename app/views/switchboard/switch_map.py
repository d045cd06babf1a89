"""The network map as a switchboard: a click mutes a branch, another lets it speak again."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

import streamlit as st

from app.session import address
from app.widgets.branch_map import CSS, REDRAW
from inception_viz.figures.network_map import Painting, network_map

# The page may be behind the clicks. So clicks toggle the picture at once and are numbered; what
# comes from the server counts only if it knows of the latest one.
_JS = (
    REDRAW
    + """
export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const known = map.switches?.session === data.session ? map.switches.number : -1;
  if (data.number >= known) {
    const { session, number } = data;
    map.switches = { session, number, muted: new Set(data.muted) };
  }
  const own = map.switches;
  redraw(map, data.wide + data.tall);
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
  whenChosen(map, flip);
  draw();
}
"""
)

_map = st.components.v2.component(
    "inception_viz.switch_map", html='<div class="map"></div>', css=CSS, js=_JS
)
_NUMBER = "switch_number"
_SESSION = "switch_session"  # numbers start anew in another session


def show(key: str, painting: Painting, muted: Collection[str]) -> None:
    """Draw the switches; flipping one changes what :func:`app.session.state.muted` says."""

    def flipped() -> None:
        change = st.session_state[key].flipped
        st.session_state[_NUMBER] = int(change["number"])
        address.mute([str(place) for place in change["muted"]])

    _map(
        key=key,
        data={
            "wide": network_map(painting, {}, "wide", large=address.large()),
            "tall": network_map(painting, {}, "tall", large=address.large()),
            "muted": sorted(muted),
            "number": st.session_state.get(_NUMBER, 0),
            "session": st.session_state.setdefault(_SESSION, uuid4().hex),
        },
        on_flipped_change=flipped,
    )
