"""All channels of a layer as tiles, to click."""

from __future__ import annotations

import base64
from collections.abc import Callable

import streamlit as st

from inception_viz.explain.channels import Layer
from inception_viz.figures.sprites import Sprite

_CSS = """
.grid { display: grid; gap: 4px; padding: 3px; max-height: 62vh; overflow-y: auto;
  grid-template-columns: repeat(auto-fill, minmax(var(--tile), 1fr)); }
button { aspect-ratio: 1; border: 0; padding: 0; border-radius: 3px; cursor: pointer;
  image-rendering: pixelated; }
button:hover, button:focus-visible { outline: 2px solid var(--st-text-color); }
button[aria-pressed=true] { outline: 3px solid var(--st-primary-color); }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector('.grid');
  grid.style.setProperty('--tile', data.tile + 'px');
  grid.setAttribute('aria-label', data.label);
  // One rule for all: as every tile's own style, the picture would be read for each of them.
  parentElement.querySelector('style.sheet').textContent = `.grid button {
    background: url(${data.src}) 0 0 / ${data.columns * 100}% ${data.rows * 100}%; }`;
  const share = (index, count) => count > 1 ? (100 * index / (count - 1)) + '%' : '0%';
  grid.replaceChildren(...data.channels.map((channel, place) => {
    const tile = document.createElement('button');
    tile.type = 'button';
    tile.title = data.titles[place];
    tile.setAttribute('aria-label', tile.title);
    tile.setAttribute('aria-pressed', channel === data.selected);
    tile.style.backgroundPosition = share(place % data.columns, data.columns) + ' ' +
      share(Math.floor(place / data.columns), data.rows);
    tile.onclick = () => setTriggerValue('clicked', channel);
    return tile;
  }));
}
"""

_grid = st.components.v2.component(
    "inception_viz.channel_grid",
    html='<style class="sheet"></style><div class="grid" role="group"></div>',
    css=_CSS,
    js=_JS,
)


def show(
    key: str,
    name: str,
    layer: Layer,
    sprite: Sprite,
    *,
    selected: int | None,
    tile: int,
    on_choose: Callable[[int], None],
) -> None:
    """Draw the tiles in the sprite's order.

    ``tile`` is the least width of a tile in pixels; ``on_choose`` gets the channel that was
    clicked, before the rerun.
    """
    _grid(
        key=key,
        data={
            "src": "data:image/png;base64," + base64.b64encode(sprite.png).decode(),
            "columns": sprite.columns,
            "rows": sprite.rows,
            "channels": list(sprite.channels),
            "titles": [
                f"{name}, channel {c}: mean {layer.mean[c]:.3g}, maximum {layer.maximum[c]:.3g}"
                for c in sprite.channels
            ],
            "label": f"Channels of {name}",
            "selected": selected,
            "tile": tile,
        },
        on_clicked_change=lambda: on_choose(int(st.session_state[key].clicked)),
    )
