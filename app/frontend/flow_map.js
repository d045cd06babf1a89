// A drawing of ribbons, to click; what leads to and from the place under the mouse, or the
// one that is open, stands out.
import { redraw, whenChosen } from './redraw.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector('.map');
  const said = parentElement.querySelector('.said');
  redraw(map, data.drawings.join(''));
  said.textContent = data.invitation;
  whenChosen(map, place => setTriggerValue('clicked', place.dataset.go));
  const stand = drawing => {
    const chosen = [...drawing.querySelectorAll('[data-go]')].filter(
      place => place.dataset.go === data.chosen,
    );
    drawing.classList.toggle('tracing', chosen.length > 0);
    for (const place of chosen) {
      place.classList.add('chosen');
      trace(drawing, place.dataset);
    }
  };
  const show = event => {
    const place = event.target.closest('[data-node], .ribbon');
    said.textContent = place?.dataset.words ?? data.invitation;
    for (const drawing of map.children) {
      if (!place || !drawing.contains(place)) {
        stand(drawing);
        continue;
      }
      drawing.classList.add('tracing');
      trace(drawing, place.dataset);
    }
  };
  const leave = () => {
    said.textContent = data.invitation;
    [...map.children].forEach(stand);
  };
  [...map.children].forEach(stand);
  map.onpointerover = show;
  map.onfocusin = show;
  map.onpointerleave = leave;
  map.onfocusout = leave;
}

// Near: the ribbon itself, or those at a node. Far: all that leads there or goes on from there.
function trace(drawing, { node, from, to }) {
  const ribbons = [...drawing.querySelectorAll('.ribbon')];
  const near = ribbons.filter(({ dataset }) =>
    node ? [dataset.from, dataset.to].includes(node) : dataset.from === from && dataset.to === to,
  );
  const far = new Set([
    ...reached(ribbons, node ?? from, 'to', 'from'),
    ...reached(ribbons, node ?? to, 'from', 'to'),
  ]);
  for (const ribbon of ribbons) {
    ribbon.classList.toggle('near', near.includes(ribbon));
    ribbon.classList.toggle('far', far.has(ribbon) && !near.includes(ribbon));
  }
}

function reached(ribbons, start, here, there) {
  const found = new Set();
  const places = [start];
  const known = new Set(places);
  while (places.length) {
    const place = places.pop();
    for (const ribbon of ribbons) {
      if (ribbon.dataset[here] !== place) continue;
      found.add(ribbon);
      const next = ribbon.dataset[there];
      if (next && !known.has(next)) {
        known.add(next);
        places.push(next);
      }
    }
  }
  return found;
}
