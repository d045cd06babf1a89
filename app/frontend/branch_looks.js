// What the strongest channels of a branch look for, beside the branch under the mouse.
import { element } from './element.js';
import { showTile } from './tile.js';

export function showLooks(root, map, looks) {
  const box = root.querySelector('.looks');
  const tiles = box.querySelector('.tiles');
  box.hidden = true;
  if (looks) tiles.style.setProperty('--sheet', `url(${looks.src})`);
  const show = event => {
    const branch = event.target.closest('[data-go]');
    const places = looks?.places[branch?.dataset.go] ?? [];
    box.hidden = !places.length;
    if (box.hidden) return;
    tiles.replaceChildren(...places.map(place => tile(looks, place)));
    beside(box, branch, root);
  };
  const hide = () => {
    box.hidden = true;
  };
  map.onpointerover = show;
  map.onfocusin = show;
  map.onpointerleave = hide;
  map.addEventListener('focusout', hide);
}

function tile(looks, place) {
  const made = element('span');
  made.style.backgroundSize = `${looks.columns * 100}% ${looks.rows * 100}%`;
  showTile(made, looks, place);
  return made;
}

// Below the branch, or above it where there is no room, and never beyond the edges.
function beside(box, branch, root) {
  const frame = root.querySelector('.frame').getBoundingClientRect();
  const at = branch.getBoundingClientRect();
  const left = at.left + at.width / 2 - frame.left - box.offsetWidth / 2;
  box.style.left = `${Math.max(0, Math.min(left, frame.width - box.offsetWidth))}px`;
  const below = at.bottom - frame.top + 6;
  const fits = below + box.offsetHeight <= frame.height;
  box.style.top = `${fits ? below : at.top - frame.top - box.offsetHeight - 6}px`;
}
