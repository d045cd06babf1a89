// The kernel walk: a kernel moves over a map, step by step.
import { element } from './element.js';
import { paint } from './kernel_paint.js';

// Reduce, convolve, concatenate: one map of a branch, place by place. Time is a single number:
// 0 … n reduces, n … 2n convolves (n places each), 2n is the end, where all is concatenated.
const SECONDS = 24; // of the whole walk at normal speed

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.walk');
  if (root.shown === data.id) return;
  root.shown = data.id;
  cancelAnimationFrame(root.frame);
  const view = find(root);
  introduce(view, data);
  const places = data.total.length * data.total[0].length;
  const walk = clock(root, view, places, time => paint(view, data, time, places));
  view.scrub.max = 2 * places;
  view.scrub.oninput = () => walk.go(Number(view.scrub.value));
  view.play.onclick = walk.toggle;
  view.back.onclick = () => walk.step(-1);
  view.next.onclick = () => walk.step(1);
  view.output.onclick = event => walk.go(places + placeAt(event, view.output, data));
  const keys = { ' ': view.play, ArrowRight: view.next, ArrowLeft: view.back };
  root.onkeydown = event => {
    if (event.target !== root || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key].click();
  };
  // At first there is something to look at; Play begins at the beginning all the same.
  walk.show(Math.floor(places * 1.45));
  root.removeAttribute('aria-busy');
}

function find(root) {
  const one = what => root.querySelector(what);
  const [source, reduced, output] = root.querySelectorAll('canvas');
  return {
    root,
    source,
    reduced,
    output,
    boxes: root.querySelectorAll('.box'),
    play: one('.play'),
    back: one('.back'),
    next: one('.next'),
    scrub: one('input'),
    speed: one('select'),
    sums: one('.sums'),
    result: one('.result'),
    concat: one('.concat'),
  };
}

// Runs from 0 to 2 × places, or stands still; draw gets the whole part of the time.
function clock(root, view, places, draw) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const end = 2 * places;
  let time = 0,
    last = 0,
    playing = false,
    untouched = true;
  const show = at => {
    time = Math.max(0, Math.min(at, end));
    draw(Math.floor(time));
  };
  const play = on => {
    playing = on;
    last = performance.now();
    view.play.textContent = on ? 'Pause' : 'Play';
    if (on) root.frame = requestAnimationFrame(tick);
  };
  const tick = now => {
    if (!playing || !root.isConnected) return;
    const speed = (Number(view.speed.value) * end) / SECONDS / 1000;
    show(time + Math.max(now - last, 0) * speed); // a frame may have begun before the click
    last = now;
    if (time >= end) play(false);
    else root.frame = requestAnimationFrame(tick);
  };
  const go = at => {
    play(false);
    untouched = false;
    show(Math.floor(at));
  };
  const toggle = () => {
    if (!playing && (untouched || time >= end)) time = 0;
    untouched = false;
    if (still && !playing) go(time + places / 8);
    else play(!playing);
  };
  return { show, go, toggle, step: by => go(time + by) };
}

function placeAt(event, canvas, data) {
  const box = canvas.getBoundingClientRect();
  const high = data.total.length,
    wide = data.total[0].length;
  const row = Math.min(Math.floor(((event.clientY - box.top) / box.height) * high), high - 1);
  const column = Math.min(Math.floor(((event.clientX - box.left) / box.width) * wide), wide - 1);
  return row * wide + column;
}

// The words around the maps, and the bar of all branches.
function introduce({ root, concat, sums }, data) {
  root.ariaLabel = `How module ${data.module} makes one map`;
  const total = Object.values(data.widths).reduce((a, b) => a + b, 0);
  const names = Object.entries(data.widths)
    .map(([b, n]) => `${data.names[b]} ${n}`)
    .join(' + ');
  const say = (step, text) => {
    root.querySelector(`.${step} p`).textContent = text;
  };
  root.querySelector('.convolved h4').textContent = `Convolve: ${data.names[data.branch]}`;
  say('source', `${data.inputs} maps come in; here number ${data.source_channel}.`);
  say('reduced', `${data.inputs} maps become ${data.reduces}; here number ${data.reduced}.`);
  say('convolved', `${data.channels} output maps; here number ${data.channel}. Click a place.`);
  say(
    'all',
    `${names} = ${total.toLocaleString('en-US')} maps: the module's output. ` +
      'The white line is this one.',
  );
  sums.classList.toggle('dense', data.kernel > 3);
  concat.ariaLabel = `${names} = ${total} maps`;
  concat.replaceChildren(...bar(data, total));
}

function bar(data, total) {
  const made = [];
  let start = 0;
  for (const [branch, channels] of Object.entries(data.widths)) {
    const named = channels / total > 0.07 ? `${data.names[branch]} ${channels}` : '';
    const part = element('div', {}, named);
    part.style.width = `${(100 * channels) / total}%`;
    part.style.setProperty('--branch', data.colours[branch]);
    part.dataset.branch = branch;
    made.push(part);
    if (branch === data.branch) {
      const here = element('div', { className: 'here' });
      here.style.left = `${(100 * (start + data.channel)) / total}%`;
      made.push(here);
    }
    start += channels;
  }
  return made;
}
