// The map of switches, a click ahead of the server.
import { chooseNow, clicksAhead, flip, isChosen } from './clicks_ahead.js';
import { redraw, whenChosen } from './redraw.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const own = clicksAhead(data);
  redraw(map, data.wide + data.tall);
  const buttons = [...map.querySelectorAll('[data-go]')];
  const draw = () => {
    for (const button of buttons) {
      button.setAttribute('aria-pressed', !isChosen(own.chosen, button.dataset.go));
    }
  };
  whenChosen(map, button => {
    const places = buttons.map(other => other.dataset.go);
    chooseNow(own, muted => flip(muted, button.dataset.go, places), draw, setTriggerValue);
  });
  draw();
}
