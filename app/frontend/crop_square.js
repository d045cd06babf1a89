// The square that the network sees, over the photo: to move and to scale by mouse, touch and keys.
//
// Lengths are in shorter sides of the photo. Every change has a number, and what comes from the
// server counts only if it knows of the latest; it is sent when the user lets go.
const STEP = 0.02;
const GROWTH = 0.05;
const PAUSE = 200; // milliseconds after the last key
const KEYS = {
  ArrowLeft: [-1, 0, 0],
  ArrowRight: [1, 0, 0],
  ArrowUp: [0, -1, 0],
  ArrowDown: [0, 1, 0],
  '+': [0, 0, 1],
  '=': [0, 0, 1],
  '-': [0, 0, -1],
  '−': [0, 0, -1],
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.crop');
  const crop = take(root, data);
  const view = find(root);
  const send = () => {
    clearTimeout(crop.timer);
    if (!crop.changed) return;
    crop.changed = false;
    setTriggerValue('moved', { edit: crop.edit, square: textOf(crop) });
  };
  const change = to => {
    clearTimeout(crop.timer);
    if (!crop.changed) crop.edit += 1;
    crop.changed = true;
    Object.assign(crop, inside(crop, to));
    draw(view, crop);
  };
  const step = ([across, down, larger], far) =>
    change({
      x: crop.x + across * STEP * far,
      y: crop.y + down * STEP * far,
      side: crop.side + larger * GROWTH,
    });
  const soon = () => {
    if (crop.changed) crop.timer = setTimeout(send, PAUSE);
  };
  show(view, data, crop);
  draw(view, crop);
  drags(view, crop, change, send);
  view.square.onkeydown = event => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(KEYS[event.key], event.shiftKey ? 5 : 1);
  };
  view.square.onkeyup = soon;
  view.square.onblur = send;
  for (const button of view.buttons) {
    button.onclick = () => {
      step([0, 0, Number(button.dataset.grow)], 1);
      soon();
    };
  }
  root.removeAttribute('aria-busy');
}

// The square as it is here, or as the server has it where that knows all that was done here.
function take(root, data) {
  const own = root.crop?.id === data.id ? root.crop : { edit: -1 };
  if (data.edit >= own.edit && !own.drag) {
    const shorter = Math.min(...data.size);
    const [width, height] = data.size.map(length => length / shorter);
    const [x, y, side] = data.square;
    const { id, edit, smallest } = data;
    root.crop = { id, edit, smallest, width, height, changed: false };
    Object.assign(root.crop, inside(root.crop, { x: x * width, y: y * height, side }));
  }
  return root.crop;
}

function find(root) {
  const one = what => root.querySelector(what);
  return {
    photo: one('.photo'),
    image: one('img'),
    hole: one('.shade div'),
    square: one('.square'),
    said: one('output'),
    buttons: root.querySelectorAll('button'),
  };
}

// The nearest square within the photo.
function inside({ width, height, smallest }, { x, y, side }) {
  const within = (value, least, most) => Math.min(Math.max(value, least), most);
  const bound = within(side, smallest, 1);
  const half = bound / 2;
  return { x: within(x, half, width - half), y: within(y, half, height - half), side: bound };
}

function textOf({ x, y, side, width, height }) {
  return [x / width, y / height, side].map(share => Number(share.toFixed(3))).join('-');
}

function show({ photo, image }, data, { width, height }) {
  if (image.src !== data.src) image.src = data.src;
  image.alt = data.alt;
  photo.style.aspectRatio = width / height;
  photo.style.width = `min(100%, ${(22 * width) / height}rem)`;
}

function draw({ square, hole, said }, { x, y, side, width, height }) {
  for (const { style } of [square, hole]) {
    style.left = `${(100 * (x - side / 2)) / width}%`;
    style.top = `${(100 * (y - side / 2)) / height}%`;
    style.width = `${(100 * side) / width}%`;
    style.height = `${(100 * side) / height}%`;
  }
  const [across, down, share] = [x / width, y / height, side].map(part => Math.round(100 * part));
  const text = `Centre ${across}\u00a0% across, ${down}\u00a0% down; side\u00a0${share}\u00a0%`;
  if (said.textContent !== text) said.textContent = text;
}

function drags({ photo, square }, crop, change, send) {
  const place = event => {
    const box = photo.getBoundingClientRect();
    const unit = box.width / crop.width;
    return [(event.clientX - box.left) / unit, (event.clientY - box.top) / unit];
  };
  square.onpointerdown = event => {
    const corner = event.target.dataset.corner?.split(' ').map(Number);
    crop.drag = { corner, from: place(event), x: crop.x, y: crop.y, side: crop.side };
    square.setPointerCapture(event.pointerId);
  };
  square.onpointermove = event => {
    if (!crop.drag) return;
    const [x, y] = place(event);
    const by = [x - crop.drag.from[0], y - crop.drag.from[1]];
    if (by[0] || by[1]) change(crop.drag.corner ? pulled(crop, by) : moved(crop.drag, by));
  };
  square.onpointerup = square.onpointercancel = () => {
    crop.drag = null;
    send();
  };
  photo.onclick = event => {
    if (square.contains(event.target)) return;
    const [x, y] = place(event);
    change({ x, y, side: crop.side });
    square.focus();
    send();
  };
}

const moved = ({ x, y, side }, [across, down]) => ({ x: x + across, y: y + down, side });

// A corner follows the pointer, the one across from it stays where it is.
function pulled({ drag, smallest, width, height }, [across, down]) {
  const [right, below] = drag.corner;
  const x = drag.x - (right * drag.side) / 2;
  const y = drag.y - (below * drag.side) / 2;
  const room = Math.min(1, right > 0 ? width - x : x, below > 0 ? height - y : y);
  const asked = drag.side + Math.max(right * across, below * down);
  const side = Math.min(Math.max(asked, smallest), room);
  return { x: x + (right * side) / 2, y: y + (below * side) / 2, side };
}
