// The parts of a table's row.
export function cell(tag, text, kind = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

export function tool(text, label, act, off = false) {
  const button = cell('button', text);
  button.type = 'button';
  button.title = label;
  button.setAttribute('aria-label', label);
  button.disabled = off;
  button.onclick = act;
  return button;
}

// Fills the places of a row's figures; empties them where there are none.
export function cost(places, info) {
  const texts = info?.texts ?? ['', '', '', ''];
  for (const [i, text] of texts.entries()) places[i].textContent = text;
  places[4].replaceChildren(...(info ? [shares(info)] : []));
  places[5].textContent = info?.field ?? '';
}

function shares(info) {
  const bar = cell('div', '', 'bar');
  bar.title = info.shares_text;
  for (const [colour, share] of info.shares) {
    const part = document.createElement('i');
    part.style.width = `${100 * share}%`;
    part.style.background = colour;
    bar.append(part);
  }
  return bar;
}

export function reason(text, columns) {
  const line = cell('tr', '', 'reason');
  const words = cell('td', text);
  words.colSpan = columns;
  line.append(words);
  return line;
}
