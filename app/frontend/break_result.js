// What the network says of the picture before and after, and the score.
import { answerRows } from './answer_rows.js';
import { element } from './element.js';

export function drawResult(root, data) {
  const says = root.querySelector('.says');
  says.textContent = data.says;
  says.classList.toggle('broken', data.broken);
  const changed = root.querySelector('.changed');
  changed.replaceChildren(data.changed, element('span', {}, ` (${data.pixels})`));
  root.querySelector('.best').textContent = data.best;
  const wrong = root.querySelector('.wrong');
  wrong.textContent = data.wrong;
  wrong.hidden = !data.wrong;
  root.querySelector('.answers').replaceChildren(...data.answers.map(said => answerRows(...said)));
}
