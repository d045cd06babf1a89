"""Save a figure as it is on the page: PNG or SVG, its numbers as CSV. All in the browser."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_CSS = """
.take-home { display: flex; gap: .1rem; align-items: baseline; justify-content: flex-end;
  font: 400 .8rem var(--st-font, sans-serif); color: var(--st-text-color); white-space: nowrap; }
@media (max-width: 640px) { .take-home { justify-content: flex-start; } }
button { font: inherit; color: var(--st-primary-color); background: none; border: 0;
  padding: .25rem .3rem; border-radius: 4px; cursor: pointer; text-decoration: underline;
  text-underline-offset: 2px; }
button:hover, button:focus-visible { outline: 1px solid var(--st-text-color); }
button:disabled { opacity: .5; cursor: progress; }
"""

_take_home = st.components.v2.component(
    "inception_viz.take_home",
    html='<div class="take-home" role="group"></div>',
    css=_CSS,
    js=(Path(__file__).parents[1] / "frontend" / "take_home.js").read_text("utf-8"),
)


def show(figure: str, title: str, name: str, *, csv: str = "", picture: bool = True) -> None:
    """Offer to save the container whose key is ``figure``, under the file name ``name``.

    Args:
        figure: key of the container that holds it.
        title: what it shows.
        name: of the file, without its ending.
        csv: its numbers; "" for none.
        picture: whether there is anything to look at; False for a table alone.
    """
    _take_home(
        key=f"save_{figure}",
        width=150,
        data={"figure": figure, "title": title, "name": name, "csv": csv, "picture": picture},
    )
