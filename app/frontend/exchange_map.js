// Two maps: a branch of photo B is dragged, or clicked, into photo A; a click takes it out again.
import { chooseNow, clicksAhead, flip, isChosen } from './clicks_ahead.js';
import { element } from './element.js';
import { redraw, whenChosen } from './redraw.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const [a, b] = ['a', 'b'].map(side => parentElement.querySelector(`.map.${side}`));
  const sides = Object.entries({ a, b });
  const own = clicksAhead(data);
  for (const [side, map] of sides) {
    parentElement.querySelector(`.whose.${side}`).textContent = data.names[side];
    redraw(map, data.maps[side]);
  }
  const draw = () => {
    for (const [side, map] of sides) {
      for (const cell of map.querySelectorAll('[data-go]')) {
        const taken = isChosen(own.chosen, cell.dataset.go);
        cell.classList.toggle('taken', taken);
        cell.setAttribute('role', 'checkbox');
        cell.setAttribute('aria-checked', taken);
        if (side === 'a') cell.style.cursor = taken ? 'pointer' : 'default';
      }
    }
  };
  const places = [...b.querySelectorAll('[data-go]')].map(cell => cell.dataset.go);
  const change = act => chooseNow(own, act, draw, setTriggerValue);
  const put = cell => change(chosen => flip(chosen, cell.dataset.go, places));
  whenChosen(b, put);
  whenChosen(a, cell => {
    if (cell.classList.contains('taken')) put(cell);
  });
  b.onpointerdown = watchDrag(b.onpointerdown, a, cell => {
    if (!cell.classList.contains('taken')) put(cell);
  });
  draw();
}

// With a mouse, a branch can be dragged onto the other map; a finger scrolls, and taps.
function watchDrag(before, target, drop) {
  return pressed => {
    before?.(pressed);
    const cell = pressed.target.closest('[data-go]');
    if (!cell || pressed.pointerType !== 'mouse') return;
    pressed.preventDefault(); // no text is marked
    cell.focus();
    let ghost = null;
    const move = event => {
      const far = Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) > 6;
      if (!ghost && far) {
        ghost = element('div', { className: 'ghost' }, cell.dataset.go.replace('x', '×'));
        target.getRootNode().append(ghost);
      }
      if (!ghost) return;
      ghost.style.left = `${event.clientX}px`;
      ghost.style.top = `${event.clientY}px`;
      target.classList.toggle('aimed', inside(target, event));
    };
    const end = event => {
      window.removeEventListener('pointermove', move);
      target.classList.remove('aimed');
      ghost?.remove();
      if (ghost && inside(target, event)) drop(cell);
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', end, { once: true });
  };
}

function inside(target, { clientX, clientY }) {
  const box = target.getBoundingClientRect();
  const across = clientX >= box.left && clientX <= box.right;
  return across && clientY >= box.top && clientY <= box.bottom;
}
