"""Small pictures side by side, one a module, to click."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

_CSS = """
.film { display: grid; grid-template-columns: repeat(var(--count), minmax(0, 1fr)); gap: 8px;
  padding: 3px; }
button { padding: 0 0 3px; border: 2px solid transparent; border-radius: 8px; background: none;
  cursor: pointer; font: 600 .9rem var(--st-font, sans-serif); color: var(--st-text-color); }
button small { display: block; font-weight: 400; opacity: .75; font-size: .75rem; }
button:hover, button:focus-visible { border-color: var(--st-text-color); outline: none; }
button[aria-pressed=true] { border-color: var(--st-primary-color);
  box-shadow: 0 0 0 1px var(--st-primary-color); }
img { width: 100%; display: block; border-radius: 6px; margin-bottom: 3px; }
.film { container-type: inline-size; }
@media (max-width: 800px) { .film { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const film = parentElement.querySelector('.film');
  film.style.setProperty('--count', data.frames.length);
  film.replaceChildren(...data.frames.map(frame => {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', frame.id === data.selected);
    const image = document.createElement('img');
    image.src = frame.src;
    image.alt = frame.alt;
    const note = document.createElement('small');
    note.textContent = frame.note;
    button.append(image, frame.title, note);
    button.onclick = () => {
      film.querySelectorAll('button').forEach(b => b.setAttribute('aria-pressed', b === button));
      setTriggerValue('clicked', frame.id);
    };
    return button;
  }));
}
"""

_film = st.components.v2.component(
    "inception_viz.film_strip",
    html='<div class="film" role="group" aria-label="Modules"></div>',
    css=_CSS,
    js=_JS,
)


@dataclass(frozen=True)
class Frame:
    """One picture: JPEG, title, a note below, and its description."""

    id: str
    jpeg: bytes
    title: str
    note: str
    alt: str


def show(
    key: str, frames: Sequence[Frame], selected: str, on_choose: Callable[[str], None]
) -> None:
    """Draw the pictures; ``on_choose`` gets the id of one that was clicked, before the rerun."""
    _film(
        key=key,
        data={
            "frames": [
                {
                    "id": f.id,
                    "src": "data:image/jpeg;base64," + base64.b64encode(f.jpeg).decode(),
                    "title": f.title,
                    "note": f.note,
                    "alt": f.alt,
                }
                for f in frames
            ],
            "selected": selected,
        },
        on_clicked_change=lambda: on_choose(str(st.session_state[key].clicked)),
    )
