// Reduce, convolve, concatenate: one map of a branch, place by place. Time is a single number:
// 0 … n reduces, n … 2n convolves (n places each), 2n is the end, where all is concatenated.

const SECONDS = 24; // of the whole walk at normal speed

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.walk');
  root.setAttribute('aria-label', `How module ${data.module} makes one map`);
  if (root.shown === data.id) return;
  root.shown = data.id;
  cancelAnimationFrame(root.frame);
  const view = build(root, data);
  const places = data.total.length * data.total[0].length;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  // At first there is something to look at; Play begins at the beginning all the same.
  const state = { time: places * 1.45 | 0, playing: false, last: 0, untouched: true };

  const draw = () => paint(view, data, Math.floor(state.time), places);
  const play = on => {
    state.playing = on;
    state.last = performance.now();
    view.play.textContent = on ? 'Pause' : 'Play';
    view.play.setAttribute('aria-label', view.play.textContent);
    if (on) root.frame = requestAnimationFrame(tick);
  };
  const tick = now => {
    if (!state.playing || !root.isConnected) return;
    const speed = Number(view.speed.value) * 2 * places / SECONDS / 1000;
    const passed = Math.max(now - state.last, 0);  // a frame may have begun before the click
    state.time = Math.min(state.time + passed * speed, 2 * places);
    state.last = now;
    draw();
    if (state.time >= 2 * places) play(false); else root.frame = requestAnimationFrame(tick);
  };
  const go = time => {
    play(false);
    state.untouched = false;
    state.time = Math.max(0, Math.min(Math.floor(time), 2 * places));
    draw();
  };

  view.play.onclick = () => {
    if (!state.playing && (state.untouched || state.time >= 2 * places)) state.time = 0;
    state.untouched = false;
    if (still && !state.playing) go(state.time + places / 8); else play(!state.playing);
  };
  view.back.onclick = () => go(state.time - 1);
  view.next.onclick = () => go(state.time + 1);
  view.scrub.max = 2 * places;
  view.scrub.oninput = () => go(Number(view.scrub.value));
  view.output.onclick = event => {
    const box = view.output.getBoundingClientRect();
    const side = data.total.length, wide = data.total[0].length;
    const row = Math.min(Math.floor((event.clientY - box.top) / box.height * side), side - 1);
    const column = Math.min(Math.floor((event.clientX - box.left) / box.width * wide), wide - 1);
    go(places + row * wide + column);
  };
  root.onkeydown = event => {
    if (event.target !== root) return;
    const keys = { ' ': () => view.play.click(), ArrowRight: () => view.next.click(),
      ArrowLeft: () => view.back.click() };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  };
  draw();
}

function build(root, data) {
  const name = data.names[data.branch];
  root.innerHTML = `
    <div class="controls">
      <button type="button" class="play" aria-label="Play">Play</button>
      <button type="button" class="back" aria-label="One place back">‹</button>
      <button type="button" class="next" aria-label="One place on">›</button>
      <input type="range" min="0" value="0" aria-label="Place in the walk">
      <select aria-label="Speed"><option value="0.25">slow</option>
        <option value="1" selected>normal</option><option value="4">fast</option></select>
    </div>
    <div class="stage">
      <div class="step"><h4>Input</h4><p>${data.inputs} maps come in; here the one that counts most
        for the reduced map.</p><div class="map"><canvas></canvas><div class="box"></div></div></div>
      <div class="step"><h4>Reduce: 1×1</h4><p>${data.inputs} maps become ${data.reduces}; here
        number ${data.reduced}.</p><div class="map"><canvas></canvas><div class="box"></div></div></div>
      <div class="step"><h4>Convolve: ${name}</h4><p>${data.channels} output maps; here number
        ${data.channel}. Click a place.</p><div class="map output"><canvas></canvas>
        <div class="box"></div></div></div>
      <div class="working"><div class="sums"></div><p class="result"></p></div>
    </div>
    <div class="step"><h4>Concatenate</h4><p></p></div>
    <div class="concat" role="img"></div>`;
  const [source, reduced, output] = root.querySelectorAll('canvas');
  const boxes = root.querySelectorAll('.box');
  const total = Object.values(data.widths).reduce((a, b) => a + b, 0);
  const concat = root.querySelector('.concat');
  let start = 0;
  for (const [branch, channels] of Object.entries(data.widths)) {
    const part = document.createElement('div');
    part.style.width = `${100 * channels / total}%`;
    part.style.setProperty('--branch', data.colours[branch]);
    part.textContent = channels / total > 0.07 ? `${data.names[branch]} ${channels}` : '';
    part.dataset.branch = branch;
    concat.append(part);
    if (branch === data.branch) {
      const here = document.createElement('div');
      here.className = 'here';
      here.style.left = `${100 * (start + data.channel) / total}%`;
      concat.append(here);
    }
    start += channels;
  }
  root.querySelector('.sums').classList.toggle('dense', data.kernel > 3);
  const widths = Object.entries(data.widths).map(([b, n]) => `${data.names[b]} ${n}`).join(' + ');
  concat.setAttribute('aria-label', `${widths} = ${total} maps`);
  const last = root.querySelectorAll('.step')[3].querySelector('p');
  last.textContent = `${widths} = ${total.toLocaleString('en-US')} maps: the module's output. The white line is this one.`;
  return { source, reduced, output, boxes, concat,
    play: root.querySelector('.play'), back: root.querySelector('.back'),
    next: root.querySelector('.next'), scrub: root.querySelector('input'),
    speed: root.querySelector('select'), sums: root.querySelector('.sums'),
    result: root.querySelector('.result') };
}

function paint(view, data, time, places) {
  const wide = data.total[0].length;
  const reducing = time < places, done = time >= 2 * places;
  const at = done ? places - 1 : time % places;
  const row = Math.floor(at / wide), column = at % wide;
  const relu = values => values.map(line => line.map(x => Math.max(x, 0)));
  heat(view.source, data.source, places, data);
  heat(view.reduced, data.windowMap, reducing ? at + 1 : places, data);
  heat(view.output, relu(data.total), reducing ? 0 : at + 1, data);
  const [first, second, third] = view.boxes;
  frame(first, data, row, column, 1, reducing);
  frame(second, data, row, column, reducing ? 1 : data.kernel, !done);
  frame(third, data, row, column, 1, !reducing && !done);
  view.scrub.value = time;
  for (const part of view.concat.querySelectorAll('[data-branch]')) {
    part.classList.toggle('later', !done && part.dataset.branch !== data.branch);
  }
  if (reducing) sumsOfReduction(view, data, row, column);
  else sumsOfConvolution(view, data, row, column);
}

function heat(canvas, values, known, data) {
  const height = values.length, width = values[0].length;
  canvas.width = width; canvas.height = height;
  const pen = canvas.getContext('2d');
  const top = Math.max(...values.map(line => Math.max(...line))) || 1;
  for (let i = 0; i < Math.min(known, width * height); i += 1) {
    const y = Math.floor(i / width), x = i % width;
    pen.fillStyle = colour(values[y][x] / top, data.sequential);
    pen.fillRect(x, y, 1, 1);
  }
}

function frame(box, data, row, column, size, shown) {
  box.hidden = !shown;
  box.style.display = shown ? '' : 'none';
  const side = data.total.length, half = (size - 1) / 2;
  const clip = value => Math.max(0, Math.min(side, value));
  const top = clip(row - half), bottom = clip(row + half + 1);
  const left = clip(column - half), right = clip(column + half + 1);
  Object.assign(box.style, { top: `${100 * top / side}%`, left: `${100 * left / side}%`,
    height: `${100 * (bottom - top) / side}%`, width: `${100 * (right - left) / side}%` });
}

function sumsOfReduction(view, data, row, column) {
  const value = data.reduceTotal[row][column], input = data.source[row][column];
  const own = input * data.sourceWeight;
  view.sums.replaceChildren(
    grid([[input]], data.sequential, 'input', x => x / (Math.max(...data.source.flat()) || 1)),
    sign('×'), grid([[data.sourceWeight]], data.diverging, 'weight', () => 0.5),
    sign('='), grid([[own]], data.diverging, 'product', () => 0.5));
  view.result.textContent = `Row ${row}, column ${column}: this product ${number(own)}, ` +
    `the ${data.inputs - 1} other maps ${number(value - data.reduceBias - own)}, ` +
    `bias ${number(data.reduceBias)}, together ${number(value)}. ${ends(value)}`;
}

function sumsOfConvolution(view, data, row, column) {
  const half = (data.kernel - 1) / 2, size = [...Array(data.kernel).keys()];
  const window = size.map(y => size.map(x =>
    data.windowMap[row + y - half]?.[column + x - half] ?? 0));
  const products = window.map((line, y) => line.map((v, x) => v * data.weights[y][x]));
  const high = Math.max(...data.windowMap.flat()) || 1;
  const heavy = Math.max(...data.weights.flat().map(Math.abs)) || 1;
  const large = Math.max(...products.flat().map(Math.abs)) || 1;
  view.sums.replaceChildren(
    grid(window, data.sequential, 'under the kernel', x => x / high), sign('×'),
    grid(data.weights, data.diverging, 'kernel', x => x / heavy / 2 + 0.5), sign('='),
    grid(products, data.diverging, 'products', x => x / large / 2 + 0.5));
  const part = data.part[row][column], value = data.total[row][column];
  const others = data.reduces - 1;
  view.result.textContent = `Row ${row}, column ${column}: these ${data.kernel ** 2} products ` +
    `${number(part)}, those of the ${others} other reduced maps ` +
    `${number(value - data.bias - part)}, bias ${number(data.bias)}, together ${number(value)}. ` +
    ends(value);
}

function ends(value) {
  return value > 0 ? `Positive, so ReLU passes it on: ${number(value)}.`
    : 'Not positive, so ReLU makes it 0.';
}

function grid(values, scale, title, level) {
  const box = document.createElement('div');
  const cells = document.createElement('div');
  cells.className = 'grid';
  cells.style.gridTemplateColumns = `repeat(${values[0].length}, auto)`;
  for (const value of values.flat()) {
    const cell = document.createElement('span');
    cell.textContent = number(value);
    cell.style.background = colour(level(value), scale);
    cell.style.color = ink(cell.style.background);
    cells.append(cell);
  }
  const name = document.createElement('small');
  name.textContent = title;
  box.append(cells, name);
  return box;
}

function sign(text) {
  const made = document.createElement('span');
  made.className = 'sign';
  made.textContent = text;
  return made;
}

function colour(level, scale) {
  return scale[Math.round(Math.max(0, Math.min(1, level)) * (scale.length - 1))];
}

function ink(background) {
  const [r, g, b] = background.match(/\d+/g).map(Number).map(c => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000' : '#fff';
}

function number(value) {
  const size = Math.abs(value);
  if (size < 0.00005) return size ? '≈0' : '0';
  const text = size >= 100 ? size.toFixed(0) : size >= 0.01 ? size.toPrecision(3) : size.toFixed(4);
  return value < 0 ? '−' + text : text;
}
