"""Thumbnails of the sample photos, to click."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import streamlit as st

from app.session import photos
from app.session.samples import Sample

_CSS = """
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(50px, 1fr)); gap: 6px;
  padding: 3px; }
button { padding: 0; border: 2px solid transparent; border-radius: 8px; background: none;
  cursor: pointer; aspect-ratio: 1; overflow: hidden; }
button:hover, button:focus-visible { border-color: var(--st-text-color); outline: none; }
button[aria-pressed=true] { border-color: var(--st-primary-color);
  box-shadow: 0 0 0 1px var(--st-primary-color); }
img { width: 100%; height: 100%; object-fit: cover; display: block; border-radius: 5px; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector('.strip');
  strip.replaceChildren(...data.photos.map(photo => {
    const button = document.createElement('button');
    button.type = 'button';
    button.title = photo.title;
    button.setAttribute('aria-pressed', photo.id === data.selected);
    const image = document.createElement('img');
    image.src = photo.src;
    image.alt = photo.alt;
    button.append(image);
    button.onclick = () => {
      strip.querySelectorAll('button').forEach(b => b.setAttribute('aria-pressed', b === button));
      setTriggerValue('clicked', photo.id);
    };
    return button;
  }));
}
"""

_strip = st.components.v2.component(
    "inception_viz.photo_strip", html='<div class="strip"></div>', css=_CSS, js=_JS
)


def show(
    key: str, photos: Sequence[Sample], selected: str, on_choose: Callable[[str], None]
) -> None:
    """Draw the thumbnails; ``on_choose`` gets the id of one that was clicked, before the rerun."""
    thumbnails = [
        {"id": p.id, "title": p.title, "alt": p.alt, "src": _thumbnail(p)} for p in photos
    ]
    _strip(
        key=key,
        data={"photos": thumbnails, "selected": selected},
        on_clicked_change=lambda: on_choose(st.session_state[key].clicked),
    )


def _thumbnail(photo: Sample) -> str:
    picture = base64.b64encode(photos.thumbnail(str(photo.path), 192)).decode()
    return f"data:image/jpeg;base64,{picture}"
