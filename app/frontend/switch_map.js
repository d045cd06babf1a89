// The map of switches, a click ahead of the server.
import { redraw, whenChosen } from './redraw.js';

// The page may be behind the clicks. So clicks toggle the picture at once and are numbered; what
// comes from the server counts only if it knows of the latest one. They are kept beside the page,
// since the map may be put there anew between two clicks.
export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const { session, number } = data;
  const known = window.inceptionVizSwitches;
  if (known?.session !== session || number >= known.number) {
    window.inceptionVizSwitches = { session, number, muted: new Set(data.muted) };
  }
  const own = window.inceptionVizSwitches;
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
