// A place that is replaced under the mouse loses its click, and its focus: so what is drawn already
// stays, and takes over what differs.
export function redraw(map, svg) {
  const fresh = map.cloneNode(false);
  fresh.innerHTML = svg;
  become(map, fresh);
}

function become(old, fresh) {
  for (const name of old.getAttributeNames()) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  takeChildren(old, fresh);
}

export function takeChildren(old, fresh) {
  const ours = [...old.childNodes];
  const theirs = [...fresh.childNodes];
  for (const [i, node] of theirs.entries()) {
    const mine = ours[i];
    if (!mine) old.append(node);
    else if (mine.nodeName !== node.nodeName) mine.replaceWith(node);
    else if (mine.nodeType === Node.ELEMENT_NODE) become(mine, node);
    else if (mine.data !== node.data) mine.data = node.data;
  }
  for (const node of ours.slice(theirs.length)) node.remove();
}

export function whenChosen(map, act) {
  // What moves under a mouse that stays, between press and release, is meant all the same.
  let pressed = null;
  map.onpointerdown = event => {
    pressed = { place: event.target.closest('[data-go]'), x: event.clientX, y: event.clientY };
  };
  map.onclick = event => {
    const stayed = pressed && event.clientX === pressed.x && event.clientY === pressed.y;
    const place = (stayed && pressed.place) || event.target.closest('[data-go]');
    pressed = null;
    if (place) act(place);
  };
  map.onkeydown = event => {
    const place = event.target.closest('[data-go]');
    if (place && [' ', 'Enter'].includes(event.key)) {
      event.preventDefault();
      act(place);
    }
  };
}
