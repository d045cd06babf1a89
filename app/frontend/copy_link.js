// Copies the link to this view.
import { element } from './element.js';
import { keepSteps } from './history.js';

// The address of exactly this view, or another one, to the clipboard.
export default function ({ data, parentElement }) {
  keepSteps();
  const button = parentElement.querySelector('button');
  const label = data.label;
  button.textContent = label;
  button.title = data.note;
  button.removeAttribute('aria-busy');
  button.onclick = async () => {
    const done = await copy(data.link || location.href);
    button.textContent = done ? data.done : data.failed;
    setTimeout(() => {
      button.textContent = label;
    }, 2500);
  };
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOfOld(text); // not https
  }
}

function copyOfOld(text) {
  const field = element('textarea', { value: text });
  field.style.position = 'fixed';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}
