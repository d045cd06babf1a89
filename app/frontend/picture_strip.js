// Small pictures side by side, to click; one of them is chosen.
import { element } from './element.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector('[role=group]');
  strip.className = data.layout;
  strip.style.setProperty('--count', data.pictures.length);
  strip.ariaLabel = data.label;
  const press = chosen => {
    for (const button of strip.children) button.ariaPressed = button === chosen;
  };
  strip.replaceChildren(...data.pictures.map(drawn));
  press(strip.children[data.pictures.findIndex(picture => picture.id === data.selected)]);
  for (const [place, button] of [...strip.children].entries()) {
    button.disabled = data.fixed;
    button.onclick = () => {
      press(button);
      setTriggerValue('clicked', data.pictures[place].id);
    };
  }
}

function drawn({ src, alt, tip, title, note }) {
  const button = element('button', { type: 'button', title: tip });
  button.append(element('img', { src, alt }), title);
  if (note) button.append(element('small', {}, note));
  return button;
}
