// The picture with the tools: changes go to the server, numbered; the picture as it is comes back.
import { Board } from './break_board.js';
import { changedBy, pixelsOf } from './break_preview.js';
import { drawResult } from './break_result.js';
import { element } from './element.js';

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.breaker');
  root.game ??= new Game(root);
  root.game.receive(data, sent => setTriggerValue('changed', sent));
}

const AHEAD = 40; // changes that are sent again until the server knows them
const KEPT = 30; // pictures for undo, before the server sends them

class Game {
  base = '';
  number = -1; // of the newest step, here or on the server
  place = 0;
  pictures = []; // of all states; empty where only the server has one
  pending = [];

  constructor(root) {
    this.root = root;
    this.result = root.querySelector('.result');
    const button = (words, title, act) => {
      const made = element('button', { type: 'button', title, onclick: act }, words);
      root.querySelector('.steps').append(made);
      return made;
    };
    this.undo = button('↶ Undo', 'Undo (Ctrl+Z)', () => this.step(-1));
    this.redo = button('↷ Redo', 'Redo (Ctrl+Y)', () => this.step(1));
    this.starts = button('Start again', 'Take all changes back', () => this.go('start'));
    this.bests = button('Back to the best', 'Show the smallest that broke it', () =>
      this.go('best'),
    );
    this.board = new Board(root, this);
    root.onkeydown = event => {
      const by = { z: event.shiftKey ? 1 : -1, y: 1 }[event.key.toLowerCase()];
      if (!by || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.step(by);
    };
  }

  // The picture as it is now, as far as it is known here.
  get picture() {
    return this.pictures[this.place] ?? this.shown;
  }

  // What the server says counts only if it knows of the newest step.
  receive(data, trigger) {
    this.trigger = trigger;
    if (data.base !== this.base) {
      Object.assign(this, { base: data.base, number: -1, pictures: [], pending: [] });
      this.board.begin(data);
    }
    this.pending = this.pending.filter(step => step.number > data.number);
    if (data.number < this.number) return;
    Object.assign(this, { data, number: data.number, place: data.place, pending: [] });
    this.pictures.length = data.count;
    drawResult(this.root, data);
    this.tell();
    this.load(data);
  }

  async load(data) {
    const image = element('img', { src: data.picture });
    await image.decode();
    if (data !== this.data || data.number !== this.number) return;
    this.pictures[this.place] = pixelsOf(image, data.side);
    for (let i = 0; i < this.place - KEPT; i++) this.pictures[i] = undefined;
    this.draw();
    this.board.square.removeAttribute('aria-busy');
  }

  draw() {
    this.shown = this.picture;
    if (this.shown) this.board.draw();
  }

  change(change) {
    this.commit(changedBy(this.picture, change));
    this.send({ change });
  }

  step(by) {
    if (!this.can(by)) return;
    this.place += by;
    this.send({ by });
  }

  can(by) {
    return this.place + by >= 0 && this.place + by < this.pictures.length;
  }

  go(to) {
    this.commit(to === 'start' ? this.pictures[0] : undefined);
    this.send({ to });
  }

  commit(picture) {
    this.pictures = [...this.pictures.slice(0, this.place + 1), picture];
    this.place += 1;
  }

  // Whatever the server hasn't confirmed goes along again: a message may overtake another.
  send(step) {
    this.board.cancel();
    this.number += 1;
    this.pending.push({ number: this.number, ...step });
    this.trigger({ base: this.base, steps: this.pending.slice(-AHEAD) });
    this.tell();
    this.draw();
  }

  // A button that ceases to work hands the focus on, or keys would go nowhere.
  tell() {
    const focused = this.root.getRootNode().activeElement;
    const waits = this.pending.length > 0;
    this.undo.disabled = !this.can(-1);
    this.redo.disabled = !this.can(1);
    this.starts.disabled = !waits && this.data.clean;
    this.bests.hidden = !this.data.can_return;
    this.result.ariaBusy = waits ? 'true' : null;
    if (focused?.disabled || focused?.hidden) this.board.square.focus();
  }
}
