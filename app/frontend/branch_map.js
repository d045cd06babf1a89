// The map of the network, to click.
import { showLooks } from './branch_looks.js';
import { redraw, whenChosen } from './redraw.js';

// The network map: tells which place was clicked.
export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  redraw(map, data.wide + data.tall);
  whenChosen(map, place => setTriggerValue('clicked', place.dataset.go));
  showLooks(parentElement, map, data.looks);
}
