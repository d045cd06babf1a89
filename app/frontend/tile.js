// One tile of a picture of many, by its place in reading order.
export function showTile(made, { columns, rows }, place) {
  const x = share(place % columns, columns);
  made.style.backgroundPosition = `${x}% ${share(Math.floor(place / columns), rows)}%`;
}

const share = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
