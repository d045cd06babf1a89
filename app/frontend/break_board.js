// The square: what is drawn on it by mouse, finger and keys becomes a change.
import { pressKey } from './break_keys.js';
import { changedBy } from './break_preview.js';
import { between, box, holds, inside, lay, minus } from './break_shapes.js';
import { Tools } from './break_tools.js';

export class Board {
  side = 0;
  draft = null; // a change that isn't finished
  rectangle = null; // in pixels of the square
  copy = null; // where a patch goes, once its rectangle is drawn
  stroke = null; // points
  drag = null;
  keyed = false; // whether the keys draw

  constructor(root, game) {
    this.game = game;
    this.square = root.querySelector('.square');
    this.canvas = root.querySelector('canvas');
    this.source = root.querySelector('.source');
    this.target = root.querySelector('.target');
    this.brush = root.querySelector('.brush');
    this.where = root.querySelector('.where');
    this.tools = new Tools(
      root,
      () => this.retool(),
      () => this.apply({ x: 0, y: 0, width: this.side, height: this.side }),
    );
    this.square.onpointerdown = event => this.press(event);
    this.square.onpointermove = event => this.move(event);
    this.square.onpointerup = event => this.release(event);
    this.square.onpointercancel = () => this.cancel();
    this.square.onpointerleave = () => {
      if (!this.drag) this.brush.hidden = true;
    };
    this.square.onkeydown = event => pressKey(this, event);
    this.square.onblur = () => this.cancel();
  }

  // Another picture.
  begin({ side, points, alt }) {
    Object.assign(this, { side, most: points });
    Object.assign(this.canvas, { width: side, height: side });
    this.alt = alt;
    const quarter = Math.round(side / 4);
    this.rectangle = box((3 * side) / 8, (3 * side) / 8, quarter, quarter);
    this.at = [Math.floor(side / 2), Math.floor(side / 2)];
    this.cancel();
    this.retool();
  }

  // Another tool, or another setting of it.
  retool() {
    this.square.ariaLabel = `${this.alt ?? 'The picture'}. Tool: ${this.tools.title}`;
    if (this.tool !== this.tools.name) this.cancel();
    this.tool = this.tools.name;
    if (this.keyed) this.outline();
  }

  cancel() {
    Object.assign(this, { draft: null, copy: null, stroke: null, drag: null, keyed: false });
    for (const shown of [this.source, this.target, this.brush]) shown.hidden = true;
    this.where.textContent = '';
    this.draw();
  }

  draw() {
    const pixels = this.game.picture;
    if (!pixels) return;
    const shown = this.draft ? changedBy(pixels, this.draft) : pixels;
    this.canvas.getContext('2d').putImageData(shown, 0, 0);
  }

  apply(rectangle) {
    if (this.game.picture) this.game.change(this.tools.of(rectangle));
  }

  press(event) {
    if (!event.isPrimary || event.button || !this.game.picture) return;
    const at = this.pixel(event);
    this.square.setPointerCapture(event.pointerId);
    this.keyed = false;
    if (this.tools.paints) {
      this.drag = { paints: true };
      this.stroke = [];
      this.line(at);
    } else if (this.copy && holds({ ...this.rectangle, ...this.copy }, at)) {
      this.drag = { from: at, copy: this.copy };
    } else {
      this.copy = null;
      this.target.hidden = true;
      this.drag = { from: at };
    }
  }

  move(event) {
    if (!event.isPrimary || !this.side) return;
    const at = this.pixel(event);
    if (this.tools.paints) this.round(at);
    if (!this.drag) return;
    if (this.drag.paints) this.line(at);
    else if (this.drag.copy) this.carry(this.drag.copy, minus(at, this.drag.from));
    else {
      this.drag.drawn ||= at[0] !== this.drag.from[0] || at[1] !== this.drag.from[1];
      this.rectangle = between(this.drag.from, at);
      if (this.drag.drawn) this.outline();
    }
  }

  release(event) {
    const { drag } = this;
    if (!drag || !event.isPrimary) return;
    this.drag = null;
    if (drag.paints) this.finish();
    else if (drag.copy) this.finish();
    else if (!drag.drawn) this.cancel();
    else if (this.tools.copies) this.pick();
    else this.apply(this.rectangle);
  }

  // A point of the stroke; one with too many goes on as another.
  line(at) {
    const last = this.stroke.at(-1);
    if (last && last[0] === at[0] && last[1] === at[1]) return;
    if (this.stroke.length === this.most) {
      const { drag, keyed } = this;
      this.finish();
      Object.assign(this, { drag, keyed, stroke: [last] });
    }
    this.stroke.push(at);
    const { radius } = this.tools.values;
    this.draft = { kind: 'paint', points: this.stroke, radius, colour: this.tools.colour };
    this.draw();
  }

  // The rectangle of a patch is picked up.
  pick() {
    this.copy = { x: this.rectangle.x, y: this.rectangle.y };
    this.carry(this.copy, [0, 0]);
  }

  carry(from, by) {
    const { x, y, width, height } = this.rectangle;
    const moved = inside({ x: from.x + by[0], y: from.y + by[1], width, height }, this.side);
    this.copy = { x: moved.x, y: moved.y };
    this.draft = { kind: 'patch', x, y, width, height, to_x: moved.x, to_y: moved.y };
    this.outline();
  }

  finish() {
    const { draft } = this;
    const stays = draft?.kind === 'patch' && draft.x === draft.to_x && draft.y === draft.to_y;
    if (draft && !stays) this.game.change({ ...draft });
  }

  outline() {
    if (this.tools.paints) {
      this.round(this.at);
      return;
    }
    if (!this.tools.copies) this.draft = this.tools.of(this.rectangle);
    lay(this.source, this.rectangle, this.side);
    if (this.copy) lay(this.target, { ...this.rectangle, ...this.copy }, this.side);
    this.target.hidden = !this.copy;
    const { x, y, width, height } = { ...this.rectangle, ...this.copy };
    const share = ((100 * width * height) / this.side ** 2).toPrecision(3);
    this.where.textContent =
      `${width} × ${height} pixels at ${x}, ${y}: ` + `${Number(share)}\u00a0% of the picture`;
    this.draw();
  }

  // The brush at a pixel.
  round(at) {
    this.at = at;
    const { radius } = this.tools.values;
    const wide = 2 * radius + 1;
    lay(this.brush, box(at[0] - radius, at[1] - radius, wide, wide), this.side);
  }

  within(place) {
    return Math.min(Math.max(place, 0), this.side - 1);
  }

  pixel(event) {
    const edge = this.canvas.getBoundingClientRect();
    const scale = this.side / edge.width;
    const places = [event.clientX - edge.left, event.clientY - edge.top];
    return places.map(place => this.within(Math.floor(place * scale)));
  }
}
