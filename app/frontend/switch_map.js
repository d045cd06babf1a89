// The map of switches, a click ahead of the server.
import { chooseNow, clicksAhead } from './clicks_ahead.js';
import { redraw, whenChosen } from './redraw.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const own = clicksAhead(data);
  redraw(map, data.wide + data.tall);
  const buttons = [...map.querySelectorAll('[data-go]')];
  const draw = () => {
    for (const button of buttons) {
      const place = button.dataset.go;
      const muted = own.chosen.has(place) || own.chosen.has(moduleOf(place));
      button.setAttribute('aria-pressed', !muted);
    }
  };
  whenChosen(map, button => {
    const places = buttons.map(other => other.dataset.go);
    chooseNow(own, muted => flip(muted, button.dataset.go, places), draw, setTriggerValue);
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
