// A drawing of ours, as wide as there is room. Foreign text in it is escaped already.
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector('.drawing');
  if (place.text !== data.svg) {
    place.text = data.svg;
    place.innerHTML = data.svg;
  }
}
