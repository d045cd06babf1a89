// The map of switches, a click ahead of the server.
import { redraw, whenChosen } from './redraw.js';

// The page may be behind the clicks. So clicks toggle the picture at once and are numbered; what
// comes from the server counts only if it knows of the latest one.
export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const known = map.switches?.session === data.session ? map.switches.number : -1;
  if (data.number >= known) {
    const { session, number } = data;
    map.switches = { session, number, muted: new Set(data.muted) };
  }
  const own = map.switches;
  redraw(map, data.wide + data.tall);
  const buttons = [...map.querySelectorAll('[data-go]')];
  const draw = () => {
    for (const button of buttons) {
      const place = button.dataset.go;
      const muted = own.muted.has(place) || own.muted.has(moduleOf(place));
      button.setAttribute('aria-pressed', !muted);
    }
  };
  whenChosen(map, button => {
    flip(
      own.muted,
      button.dataset.go,
      buttons.map(other => other.dataset.go),
    );
    own.number += 1;
    draw();
    setTriggerValue('flipped', { number: own.number, muted: [...own.muted] });
  });
  draw();
}

const moduleOf = place => place.split('/')[0];

// A branch of a muted module speaks alone: the module's other branches are muted one by one.
function flip(muted, place, places) {
  const module = moduleOf(place);
  if (muted.delete(module)) {
    for (const other of places) if (other.startsWith(`${module}/`)) muted.add(other);
  }
  if (!muted.delete(place)) muted.add(place);
}
