// Maps, frames and sums of the kernel walk at one place of its time.
import { element } from './element.js';

export function paint(view, data, time, places) {
  const wide = data.total[0].length;
  const reducing = time < places,
    done = time >= 2 * places;
  const at = done ? places - 1 : time % places;
  const row = Math.floor(at / wide),
    column = at % wide;
  const relu = values => values.map(line => line.map(x => Math.max(x, 0)));
  heat(view.source, data.source, places, data);
  heat(view.reduced, data.window_map, reducing ? at + 1 : places, data);
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
  const height = values.length,
    width = values[0].length;
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d');
  const top = Math.max(...values.map(line => Math.max(...line))) || 1;
  for (let i = 0; i < Math.min(known, width * height); i += 1) {
    const y = Math.floor(i / width),
      x = i % width;
    pen.fillStyle = colour(values[y][x] / top, data.sequential);
    pen.fillRect(x, y, 1, 1);
  }
}

function frame(box, data, row, column, size, shown) {
  box.hidden = !shown;
  box.style.display = shown ? '' : 'none';
  const side = data.total.length,
    half = (size - 1) / 2;
  const clip = value => Math.max(0, Math.min(side, value));
  const top = clip(row - half),
    bottom = clip(row + half + 1);
  const left = clip(column - half),
    right = clip(column + half + 1);
  Object.assign(box.style, {
    top: `${(100 * top) / side}%`,
    left: `${(100 * left) / side}%`,
    height: `${(100 * (bottom - top)) / side}%`,
    width: `${(100 * (right - left)) / side}%`,
  });
}

function sumsOfReduction(view, data, row, column) {
  const value = data.reduce_total[row][column],
    input = data.source[row][column];
  const own = input * data.source_weight;
  view.sums.replaceChildren(
    grid([[input]], data.sequential, 'input', x => x / (Math.max(...data.source.flat()) || 1)),
    sign('×'),
    grid([[data.source_weight]], data.diverging, 'weight', () => 0.5),
    sign('='),
    grid([[own]], data.diverging, 'product', () => 0.5),
  );
  view.result.textContent =
    `Row ${row}, column ${column}: this product ${number(own)}, ` +
    `the ${data.inputs - 1} other maps ${number(value - data.reduce_bias - own)}, ` +
    `bias ${number(data.reduce_bias)}, together ${number(value)}. ${ends(value)}`;
}

function sumsOfConvolution(view, data, row, column) {
  const half = (data.kernel - 1) / 2,
    size = [...Array(data.kernel).keys()];
  const window = size.map(y =>
    size.map(x => data.window_map[row + y - half]?.[column + x - half] ?? 0),
  );
  const products = window.map((line, y) => line.map((v, x) => v * data.weights[y][x]));
  const high = Math.max(...data.window_map.flat()) || 1;
  const heavy = Math.max(...data.weights.flat().map(Math.abs)) || 1;
  const large = Math.max(...products.flat().map(Math.abs)) || 1;
  view.sums.replaceChildren(
    grid(window, data.sequential, 'under the kernel', x => x / high),
    sign('×'),
    grid(data.weights, data.diverging, 'kernel', x => x / heavy / 2 + 0.5),
    sign('='),
    grid(products, data.diverging, 'products', x => x / large / 2 + 0.5),
  );
  const part = data.part[row][column],
    value = data.total[row][column];
  const others = data.reduces - 1;
  view.result.textContent =
    `Row ${row}, column ${column}: these ${data.kernel ** 2} products ` +
    `${number(part)}, those of the ${others} other reduced maps ` +
    `${number(value - data.bias - part)}, bias ${number(data.bias)}, together ${number(value)}. ` +
    ends(value);
}

function ends(value) {
  return value > 0
    ? `Positive, so ReLU passes it on: ${number(value)}.`
    : 'Not positive, so ReLU makes it 0.';
}

function grid(values, scale, title, level) {
  const cells = element('div', { className: 'grid' });
  cells.style.gridTemplateColumns = `repeat(${values[0].length}, auto)`;
  for (const value of values.flat()) {
    const cell = element('span', {}, number(value));
    cell.style.background = colour(level(value), scale);
    cell.style.color = ink(cell.style.background);
    cells.append(cell);
  }
  return element('div', {}, cells, element('small', {}, title));
}

const sign = text => element('span', { className: 'sign' }, text);

function colour(level, scale) {
  return scale[Math.round(Math.max(0, Math.min(1, level)) * (scale.length - 1))];
}

function ink(background) {
  const [r, g, b] = background
    .match(/\d+/g)
    .map(Number)
    .map(c => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000' : '#fff';
}

function number(value) {
  const size = Math.abs(value);
  if (size < 0.00005) return size ? '≈0' : '0';
  const sign = value < 0 ? '−' : '';
  if (size >= 100) return sign + size.toFixed(0);
  return sign + (size >= 0.01 ? size.toPrecision(3) : size.toFixed(4));
}
