// The parts of a table's row.
import { element } from './element.js';

export const cell = (tag, text, className = '') => element(tag, { className }, text);

export function tool(text, title, onclick, disabled = false) {
  const properties = { type: 'button', title, ariaLabel: title, disabled, onclick };
  return element('button', properties, text);
}

// Fills the places of a row's figures; empties them where there are none.
export function cost(places, info) {
  const texts = info?.texts ?? ['', '', '', ''];
  for (const [i, text] of texts.entries()) places[i].textContent = text;
  places[4].replaceChildren(...(info ? [shares(info)] : []));
  places[5].textContent = info?.field ?? '';
}

function shares(info) {
  const bar = element('div', { className: 'bar', title: info.shares_text });
  for (const [colour, share] of info.shares) {
    const part = element('i');
    part.style.width = `${100 * share}%`;
    part.style.background = colour;
    bar.append(part);
  }
  return bar;
}

// A line of words as wide as the table.
export function across(text, colSpan, className) {
  return element('tr', { className }, element('td', { colSpan }, text));
}
