// All channels of a layer as tiles of one picture, to click.
import { element } from './element.js';
import { showTile } from './tile.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector('.grid');
  grid.style.setProperty('--tile', `${data.tile}px`);
  grid.ariaLabel = data.label;
  // One rule for all: as every tile's own style, the picture would be read for each of them.
  parentElement.querySelector('style.sheet').textContent = `.grid button {
    background: url(${data.src}) 0 0 / ${data.columns * 100}% ${data.rows * 100}%; }`;
  const tiles = data.channels.map((channel, place) => {
    const title = data.titles[place];
    const tile = element('button', { type: 'button', title, ariaLabel: title });
    tile.ariaPressed = channel === data.selected;
    showTile(tile, data, place);
    tile.onclick = () => setTriggerValue('clicked', channel);
    return tile;
  });
  grid.replaceChildren(...tiles);
}
