// All channels of a layer as tiles of one picture, to click.
import { element } from './element.js';

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
    const x = share(place % data.columns, data.columns);
    const y = share(Math.floor(place / data.columns), data.rows);
    tile.style.backgroundPosition = `${x}% ${y}%`;
    tile.onclick = () => setTriggerValue('clicked', channel);
    return tile;
  });
  grid.replaceChildren(...tiles);
}

const share = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
