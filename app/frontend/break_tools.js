// The tools: what each is called, how it is used, what can be set; and the change that it makes.
import { element } from './element.js';

const RECTANGLE =
  'Draw a rectangle. Keys: arrows move it, Shift with arrows resizes it, Enter applies.';
const SLIDERS = {
  radius: { title: 'Width', min: 0, max: 32, of: value => `${2 * value + 1} px` },
  sigma: { title: 'Strength', min: 1, max: 20, of: value => `${value} px` },
  degrees: { title: 'Angle', min: -180, max: 180, step: 5, of: value => `${value}°` },
};
const TOOLS = {
  patch: {
    title: 'Patch',
    how:
      'Draw a rectangle, then drag the copy to another place. Keys: arrows move it, Shift with ' +
      'arrows resizes it, Enter picks it up and puts it down.',
    settings: [],
  },
  paint: {
    title: 'Paint',
    how: 'Draw. Keys: arrows move the brush, Enter puts it down and lifts it.',
    settings: ['radius', 'colour'],
  },
  blur: { title: 'Blur', how: RECTANGLE, settings: ['sigma', 'whole'] },
  turn: { title: 'Turn', how: RECTANGLE, settings: ['degrees', 'whole'] },
  cut: { title: 'Cut', how: RECTANGLE, settings: ['fill', 'colour'] },
};

export class Tools {
  name = 'patch';
  values = { radius: 6, sigma: 6, degrees: 45, fill: 'mean', colour: '#d62828' };

  // `onchange` is called when a tool or a setting is another one, `whole` for the whole picture.
  constructor(root, onchange, whole) {
    this.root = root;
    this.onchange = onchange;
    this.whole = whole;
    this.buttons = Object.entries(TOOLS).map(([name, { title }]) => {
      const onclick = () => this.choose(name);
      return element('button', { type: 'button', value: name, onclick }, title);
    });
    root.querySelector('.kinds').append(...this.buttons);
    this.show();
  }

  get title() {
    return TOOLS[this.name].title;
  }

  get paints() {
    return this.name === 'paint';
  }

  get copies() {
    return this.name === 'patch';
  }

  choose(name) {
    this.name = name;
    this.show();
    this.onchange();
  }

  // The change that the tool makes of a rectangle.
  of({ x, y, width, height }) {
    const { sigma, degrees, fill } = this.values;
    const own = {
      blur: { sigma },
      turn: { degrees },
      cut: { colour: fill === 'mean' ? null : this.colour },
    };
    return { kind: this.name, x, y, width, height, ...own[this.name] };
  }

  get colour() {
    return [1, 3, 5].map(at => Number.parseInt(this.values.colour.slice(at, at + 2), 16));
  }

  show() {
    const { settings, how } = TOOLS[this.name];
    for (const button of this.buttons) button.ariaPressed = String(button.value === this.name);
    const made = settings.map(setting => this.control(setting));
    this.root.querySelector('.options').replaceChildren(...made);
    this.root.querySelector('.how').textContent = `${how} Escape gives up, Ctrl+Z undoes.`;
    this.follow();
  }

  // A colour is asked for only where it is used.
  follow() {
    const colour = this.root.querySelector('.options .colour');
    if (colour) colour.hidden = this.name === 'cut' && this.values.fill === 'mean';
  }

  control(setting) {
    if (setting in SLIDERS) return this.slider(setting, SLIDERS[setting]);
    if (setting === 'whole') {
      return element('button', { type: 'button', onclick: this.whole }, 'Whole picture');
    }
    return setting === 'fill' ? this.filling() : this.colours();
  }

  slider(setting, { title, of, ...range }) {
    const said = element('output', {}, of(this.values[setting]));
    const input = element('input', { type: 'range', ...range, value: this.values[setting] });
    input.oninput = () => {
      this.values[setting] = Number(input.value);
      said.textContent = of(this.values[setting]);
      this.onchange();
    };
    return element('label', {}, title, input, said);
  }

  filling() {
    const option = (value, words) => element('option', { value }, words);
    const select = element('select', {}, option('mean', 'mean colour'), option('own', 'a colour'));
    select.value = this.values.fill;
    select.onchange = () => {
      this.values.fill = select.value;
      this.follow();
      this.onchange();
    };
    return element('label', {}, 'Filled with', select);
  }

  colours() {
    const input = element('input', { type: 'color', value: this.values.colour });
    input.oninput = () => {
      this.values.colour = input.value;
      this.onchange();
    };
    return element('label', { className: 'colour' }, 'Colour', input);
  }
}
