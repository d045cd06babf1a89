// Places chosen one by one, a click ahead of the server.
// The page may be behind the clicks. So clicks change the picture at once and are numbered; what
// comes from the server counts only if it knows of the latest one. They are kept beside the page,
// since the map may be put there anew between two clicks.
export function clicksAhead({ key, session, number, chosen }) {
  window.inceptionVizClicks ??= {};
  const all = window.inceptionVizClicks;
  const known = all[key];
  if (known?.session !== session || number >= known.number) {
    all[key] = { session, number, chosen: new Set(chosen) };
  }
  return all[key];
}

// Changes what is chosen, draws it, and tells the server.
export function chooseNow(own, change, draw, setTriggerValue) {
  change(own.chosen);
  own.number += 1;
  draw();
  setTriggerValue('flipped', { number: own.number, chosen: [...own.chosen] });
}

const moduleOf = place => place.split('/')[0];

export const isChosen = (chosen, place) => chosen.has(place) || chosen.has(moduleOf(place));

// A branch of a chosen module goes alone: the module's other branches stay, one by one.
export function flip(chosen, place, places) {
  const module = moduleOf(place);
  if (chosen.delete(module)) {
    for (const other of places) if (other.startsWith(`${module}/`)) chosen.add(other);
  }
  if (!chosen.delete(place)) chosen.add(place);
}
