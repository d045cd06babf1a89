// What a change does to the pixels, until the server says it.
// A patch and a cut are exact, a stroke nearly, a blur and a turn as well as the browser can.
import { element } from './element.js';

// The pixels of an image, as many as `side` by `side`.
export function pixelsOf(image, side) {
  const context = canvasOf(side).getContext('2d', { willReadFrequently: true });
  context.drawImage(image, 0, 0, side, side);
  return context.getImageData(0, 0, side, side);
}

// The pixels after a change; those before stay as they are.
export function changedBy(pixels, change) {
  const made = new ImageData(new Uint8ClampedArray(pixels.data), pixels.width);
  WAYS[change.kind](made, change, pixels);
  return made;
}

const canvasOf = side => element('canvas', { width: side, height: side });

const WAYS = {
  cut(made, change, pixels) {
    const colour = change.colour ?? meanOf(pixels);
    each(change, (x, y) => put(made, x, y, colour));
  },
  patch(made, change, pixels) {
    const [across, down] = [change.to_x - change.x, change.to_y - change.y];
    each(change, (x, y) => put(made, x + across, y + down, get(pixels, x, y)));
  },
  paint(made, { points, radius, colour }) {
    for (const place of near(points, radius, made.width)) {
      put(made, place % made.width, Math.floor(place / made.width), colour);
    }
  },
  blur(made, change, pixels) {
    drawn(made, change, pixels, (context, source) => {
      context.filter = `blur(${change.sigma}px)`;
      context.drawImage(source, 0, 0);
    });
  },
  turn(made, change, pixels) {
    const { x, y, width, height } = change;
    drawn(made, change, pixels, (context, source) => {
      context.translate(x + width / 2, y + height / 2);
      context.rotate((change.degrees * Math.PI) / 180);
      context.drawImage(source, x, y, width, height, -width / 2, -height / 2, width, height);
    });
  },
};

// What a browser draws over the pixels, within the rectangle of a change.
function drawn(made, { x, y, width, height }, pixels, draw) {
  const source = canvasOf(made.width);
  source.getContext('2d').putImageData(pixels, 0, 0);
  const context = canvasOf(made.width).getContext('2d', { willReadFrequently: true });
  context.putImageData(pixels, 0, 0);
  draw(context, source);
  const part = context.getImageData(x, y, width, height);
  each({ x: 0, y: 0, width, height }, (i, j) => put(made, x + i, y + j, get(part, i, j)));
}

function each({ x, y, width, height }, act) {
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) act(column, row);
  }
}

function get({ data, width }, x, y) {
  const at = 4 * (y * width + x);
  return [data[at], data[at + 1], data[at + 2]];
}

function put({ data, width }, x, y, [red, green, blue]) {
  const at = 4 * (y * width + x);
  data[at] = red;
  data[at + 1] = green;
  data[at + 2] = blue;
  data[at + 3] = 255;
}

function meanOf({ data }) {
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    for (let i = 0; i < 3; i++) sums[i] += data[at + i];
  }
  return sums.map(sum => Math.round((4 * sum) / data.length));
}

// The places of all pixels within `radius` of the line through the points.
function near(points, radius, side) {
  const found = new Set();
  for (const [x, y] of lineThrough(points)) {
    for (let down = -radius; down <= radius; down++) {
      const row = y + down;
      if (row < 0 || row >= side) continue;
      const half = Math.floor(Math.sqrt(radius ** 2 - down ** 2));
      const last = Math.min(x + half, side - 1);
      for (let column = Math.max(x - half, 0); column <= last; column++) {
        found.add(row * side + column);
      }
    }
  }
  return found;
}

function* lineThrough(points) {
  let [x, y] = points[0];
  yield [x, y];
  for (const [toX, toY] of points.slice(1)) {
    const steps = Math.max(Math.abs(toX - x), Math.abs(toY - y));
    for (let i = 1; i <= steps; i++) {
      yield [Math.round(x + ((toX - x) * i) / steps), Math.round(y + ((toY - y) * i) / steps)];
    }
    [x, y] = [toX, toY];
  }
}
