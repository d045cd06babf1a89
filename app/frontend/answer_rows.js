// What a head answers: its likeliest classes as rows, as long as they are likely.
import { element } from './element.js';

export function answerRows(title, answers) {
  const rows = answers.map(([label, percent, share]) => {
    const row = element(
      'div',
      { className: 'row' },
      element('span', { className: 'label', title: label }, label),
      element('span', { className: 'share' }, percent),
    );
    row.style.setProperty('--share', `${100 * share}%`);
    return row;
  });
  return element('div', {}, element('p', { className: 'head' }, title), ...rows);
}
