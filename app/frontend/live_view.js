// What the network makes of a frame: on the map, in the heads' answers, over the picture.
import { answerRows } from './answer_rows.js';
import { element } from './element.js';
import { redraw } from './redraw.js';

const pictures = new Map(); // of channels, by their places: an address of a picture, or nothing
const MOST = 600;

// Draws it; tells which channels' pictures are missing.
export function drawSight(root, data) {
  const map = root.querySelector('.map');
  if (data.map) redraw(map, data.map);
  for (const [place, text, fill, ink] of data.cells ?? []) {
    for (const cell of map.querySelectorAll(`[data-go="${place}"]`)) paint(cell, text, fill, ink);
  }
  if (data.branch) {
    for (const cell of map.querySelectorAll('[data-go]')) {
      cell.classList.toggle('asked', cell.dataset.go === data.branch);
    }
  }
  const veil = root.querySelector('.veil');
  veil.hidden = !data.veil;
  if (data.veil) veil.src = data.veil;
  if (data.heads) {
    const [[label, share]] = data.heads[0][1];
    root.querySelector('.answer').textContent = `${label} ${share}`;
    root.querySelector('.heads').replaceChildren(...data.heads.map(said => answerRows(...said)));
  }
  return data.channels ? channels(root, data) : [];
}

function paint(cell, text, fill, ink) {
  cell.querySelector('.face').setAttribute('fill', fill);
  const words = cell.querySelector('text');
  words.textContent = text;
  words.style.fill = ink;
  cell.setAttribute(
    'aria-label',
    `${cell.dataset.go.replace('/', ', ').replace('x', '×')} ${text}`,
  );
  cell.querySelector('title').textContent = cell.getAttribute('aria-label');
}

function channels(root, data) {
  for (const [place, picture] of Object.entries(data.pictures ?? {})) pictures.set(place, picture);
  while (pictures.size > MOST) pictures.delete(pictures.keys().next().value);
  root.querySelector('.strongest .head').textContent = `Strongest channels of ${data.branch_name}`;
  const tiles = data.channels.map(([place, number, level]) => {
    const src = pictures.get(place);
    const shown = src
      ? element('img', { src, alt: `What channel ${number} looks for` })
      : element('div', { className: 'none' });
    return element('figure', {}, shown, element('figcaption', {}, `${number}: ${level}`));
  });
  root.querySelector('.tiles').replaceChildren(...tiles);
  return data.channels.map(([place]) => place).filter(place => !pictures.has(place));
}
