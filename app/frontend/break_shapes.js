// Rectangles in whole pixels of a square.
export const box = (x, y, width, height) => ({ x: Math.round(x), y: Math.round(y), width, height });
export const minus = (at, from) => [at[0] - from[0], at[1] - from[1]];
export const limit = (length, most) => Math.min(Math.max(length, 1), most);

// The rectangle with both pixels in its corners.
export function between([x, y], [toX, toY]) {
  const [width, height] = [Math.abs(toX - x) + 1, Math.abs(toY - y) + 1];
  return box(Math.min(x, toX), Math.min(y, toY), width, height);
}

export function inside({ x, y, width, height }, side) {
  const within = (place, length) => Math.min(Math.max(place, 0), side - length);
  return box(within(x, width), within(y, height), width, height);
}

export function holds({ x, y, width, height }, at) {
  return at[0] >= x && at[0] < x + width && at[1] >= y && at[1] < y + height;
}

export function lay(shown, { x, y, width, height }, side) {
  for (const [name, value] of Object.entries({ left: x, top: y, width, height })) {
    shown.style[name] = `${(100 * value) / side}%`;
  }
  shown.hidden = false;
}
