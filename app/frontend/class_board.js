// What a class comes to: bars that grow, and nicknames that can be hidden. What is drawn stays and
// takes over what differs; names of pupils are text and nothing else.
import { element } from './element.js';
import { takeChildren } from './redraw.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const board = parentElement.querySelector('.board');
  takeChildren(board, element('div', {}, lead(data), cards(data)));
  board.onclick = ({ target }) => {
    const button = target.closest('button');
    if (!button) return;
    const { number, hidden } = button.dataset;
    setTriggerValue('hidden', { number: Number(number), hidden: hidden !== 'true' });
  };
}

function lead({ pupils, left, questions, games }) {
  const some = questions.length || games.length;
  const waits = some ? '' : ' Nothing is answered yet.';
  return element(
    'p',
    { className: 'lead' },
    element('b', {}, String(pupils)),
    pupils === 1 ? ' pupil has joined. ' : ' pupils have joined. ',
    element('small', {}, `Open for ${left} unless you end it.${waits}`),
  );
}

const cards = ({ questions, games }) =>
  element('div', { className: 'cards' }, ...questions.map(question), ...games.map(game));

function question({ words, views, more }) {
  const card = element('section', {}, element('h3', {}, words));
  for (const { seen, note, bars } of views) {
    card.append(line('seen', [seen, note].filter(Boolean).join(': ')), barsOf(bars));
  }
  if (more) card.append(line('more', more));
  return card;
}

function game({ title, note, bars, names }) {
  const card = element('section', {}, element('h3', {}, title), line('seen', note), barsOf(bars));
  if (names.length) card.append(element('ul', { className: 'names' }, ...names.map(nameOf)));
  return card;
}

const line = (className, text) => element('p', { className }, text);

const barsOf = bars => element('ul', { className: 'bars' }, ...bars.map(bar));

function bar({ name, count, share, right, colour }) {
  const filled = element('i');
  filled.style.cssText = `width: ${share}%; ${colour && `background: ${colour}`}`;
  const track = element('span', { className: 'track' }, filled);
  track.setAttribute('aria-hidden', 'true');
  const label = element('span', { className: right ? 'right' : '' }, right ? `${name} ✓` : name);
  if (right) label.title = 'right';
  return element('li', {}, label, track, element('b', {}, String(count)));
}

function nameOf({ number, name, hidden, score }) {
  const shown = hidden ? element('i', {}, 'nickname hidden') : name;
  const button = element('button', { type: 'button' }, hidden ? 'Show' : 'Hide');
  button.dataset.number = number;
  button.dataset.hidden = hidden;
  button.ariaLabel = hidden ? 'Show this nickname' : `Hide the nickname ${name}`;
  return element('li', {}, element('span', {}, shown), element('b', {}, score), button);
}
