// All channels of a layer as tiles of one picture, to click.
export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector('.grid');
  grid.style.setProperty('--tile', `${data.tile}px`);
  grid.setAttribute('aria-label', data.label);
  // One rule for all: as every tile's own style, the picture would be read for each of them.
  parentElement.querySelector('style.sheet').textContent = `.grid button {
    background: url(${data.src}) 0 0 / ${data.columns * 100}% ${data.rows * 100}%; }`;
  const tiles = data.channels.map((channel, place) => {
    const tile = document.createElement('button');
    tile.type = 'button';
    tile.title = data.titles[place];
    tile.setAttribute('aria-label', tile.title);
    tile.setAttribute('aria-pressed', channel === data.selected);
    const x = share(place % data.columns, data.columns);
    const y = share(Math.floor(place / data.columns), data.rows);
    tile.style.backgroundPosition = `${x}% ${y}%`;
    tile.onclick = () => setTriggerValue('clicked', channel);
    return tile;
  });
  grid.replaceChildren(...tiles);
}

const share = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
