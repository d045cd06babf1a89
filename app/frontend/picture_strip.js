// Small pictures side by side, to click; one of them is chosen.
export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector('[role=group]');
  strip.className = data.layout;
  strip.style.setProperty('--count', data.pictures.length);
  strip.setAttribute('aria-label', data.label);
  const press = chosen => {
    for (const button of strip.children) button.setAttribute('aria-pressed', button === chosen);
  };
  strip.replaceChildren(...data.pictures.map(drawn));
  press(strip.children[data.pictures.findIndex(picture => picture.id === data.selected)]);
  for (const [place, button] of [...strip.children].entries()) {
    button.onclick = () => {
      press(button);
      setTriggerValue('clicked', data.pictures[place].id);
    };
  }
}

function drawn({ src, alt, tip, title, note }) {
  const button = document.createElement('button');
  button.type = 'button';
  button.title = tip;
  const image = document.createElement('img');
  image.src = src;
  image.alt = alt;
  button.append(image, title);
  if (note) {
    const small = document.createElement('small');
    small.textContent = note;
    button.append(small);
  }
  return button;
}
