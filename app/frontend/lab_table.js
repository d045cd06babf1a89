// The lab's table: edits go to the server, numbered; what it says of them comes back.
import { element } from './element.js';
import { across, cell, cost, tool } from './lab_cells.js';

// The architecture table, to edit. What is typed goes to the server at once and is never lost.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.lab');
  root.table ??= new Table(root);
  root.table.receive(data, change => setTriggerValue('edited', change));
}

const INFOS = ['in → out', 'map', 'params', 'MACs', 'MACs by branch', 'sees'];
const KINDS = INFOS.map(title => (/^(params|MACs)$/.test(title) ? 'info' : 'info spare'));
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'; // of the modules of a stage
const CELLS = 6; // of a row
const COLUMNS = 1 + CELLS + INFOS.length + 1;
const MAX_PASTED = 100_000; // characters
const KEPT = 40; // changes that are sent again until the server knows them

class Table {
  number = -1; // of the newest change, here or on the server
  rows = null;
  pending = [];

  constructor(root) {
    this.root = root;
    // Made once: a button that is replaced under the mouse loses its click.
    this.undo = tool('↶ Undo', 'Undo (Ctrl+Z)', () => this.step(-1));
    this.redo = tool('↷ Redo', 'Redo (Ctrl+Y)', () => this.step(1));
    this.holder = element('div');
    root.append(element('div', { className: 'tools' }, this.undo, this.redo), this.holder);
  }

  // What the server says counts only if it knows of the newest change.
  receive(data, trigger) {
    this.data = data;
    this.trigger = trigger;
    this.pending = this.pending.filter(change => change.number > data.number);
    if (data.number < this.number) return;
    this.number = data.number;
    this.pending = [];
    if (!this.rows || asText(this.rows) !== asText(data.rows)) {
      this.rows = structuredClone(data.rows);
      this.build();
    }
    this.undo.disabled = !data.undo;
    this.redo.disabled = !data.redo;
    this.explain();
  }

  // A change is numbered when it is made, not when it is sent: what the server says about earlier
  // ones must not undo it meanwhile.
  change(edit) {
    this.number += 1;
    edit(this.rows);
    this.build();
    this.send(true);
  }

  step(by) {
    this.number += 1;
    this.pending.push({ number: this.number, by });
    this.trigger({ steps: this.pending.slice(-KEPT), live: null });
  }

  // Whatever the server hasn't confirmed goes along again: a message may overtake another.
  send(done) {
    clearTimeout(this.timer);
    const now = { number: this.number, rows: structuredClone(this.rows) };
    if (done) this.pending.push(now);
    this.trigger({ steps: this.pending.slice(-KEPT), live: done ? null : now });
  }

  build() {
    const table = element('table');
    const head = table.createTHead().insertRow();
    for (const title of ['module', ...this.data.titles]) head.append(cell('th', title));
    for (const [i, title] of INFOS.entries()) head.append(cell('th', title, KINDS[i]));
    head.append(cell('td', '')); // above the buttons
    const body = table.createTBody();
    const names = named(this.rows);
    for (const [place, row] of this.rows.entries()) {
      if (row.stage !== this.rows[place - 1]?.stage) {
        body.append(across(`Stage ${row.stage}`, COLUMNS, 'stage'));
      }
      this.buildRow(body.insertRow(), place, names[place]);
    }
    const focus = this.focus();
    this.holder.replaceChildren(table);
    focus();
  }

  buildRow(line, place, name) {
    line.append(cell('td', name, 'name'));
    for (const column of this.rows[place].cells.keys()) {
      line.append(element('td', {}, this.box(place, column, name)));
    }
    for (const kind of KINDS) line.append(cell('td', '', kind));
    line.append(element('td', { className: 'row-tools' }, ...this.tools(place, name)));
  }

  box(place, column, name) {
    const { cells } = this.rows[place];
    const box = element('input', {
      defaultValue: cells[column],
      inputMode: 'numeric',
      autocomplete: 'off',
      ariaLabel: `${name} ${this.data.titles[column]}`,
      placeholder: column === CELLS - 1 ? 'none' : '0',
    });
    Object.assign(box.dataset, { place, column });
    box.style.setProperty('--branch', this.data.colours[column]);
    const take = () => {
      this.number += 1;
      cells[column] = box.value;
    };
    box.oninput = () => {
      take();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(false), 15);
    };
    box.onchange = () => {
      take();
      this.send(true);
    };
    box.onpaste = event => this.paste(event, place, column);
    box.onkeydown = event => this.key(event, place, column);
    return box;
  }

  tools(place, name) {
    const { stage, cells } = this.rows[place];
    const same = this.rows.filter(row => row.stage === stage);
    const at = same.indexOf(this.rows[place]);
    const swap = by =>
      this.change(rows => {
        [rows[place], rows[place + by]] = [rows[place + by], rows[place]];
      });
    const copy = () => ({ stage, origin: '', cells: [...cells] });
    const double = () => this.change(rows => rows.splice(place + 1, 0, copy()));
    const remove = () => this.change(rows => rows.splice(place, 1));
    return [
      tool('↑', `Move ${name} up`, () => swap(-1), at === 0),
      tool('↓', `Move ${name} down`, () => swap(1), at === same.length - 1),
      tool('+', `Duplicate ${name}`, double, same.length >= LETTERS.length),
      tool('✕', `Remove ${name}`, remove, same.length === 1),
    ];
  }

  // What has the focus now; to call once that was replaced.
  focus() {
    const box = this.root.getRootNode().activeElement;
    if (box?.dataset?.place === undefined) return () => {};
    const { place, column } = box.dataset;
    const caret = box.selectionStart;
    return () => {
      const next = this.at(place, column);
      next?.focus();
      next?.setSelectionRange(caret, caret);
    };
  }

  at(place, column) {
    return this.root.querySelector(`input[data-place="${place}"][data-column="${column}"]`);
  }

  // What a block of cells means, the server decides: it knows titles and ways to write numbers.
  paste(event, place, column) {
    const text = event.clipboardData.getData('text');
    if (!/[\t\n;,]/.test(text.trim())) return;
    event.preventDefault();
    this.number += 1;
    this.pending.push({
      number: this.number,
      text: text.slice(0, MAX_PASTED),
      at: [place, column],
    });
    this.trigger({ steps: this.pending.slice(-KEPT), live: null });
  }

  key(event, place, column) {
    if (event.ctrlKey || event.metaKey) {
      const by = { z: event.shiftKey ? 1 : -1, y: 1 }[event.key.toLowerCase()];
      if (by && event.target.value === event.target.defaultValue) {
        event.preventDefault();
        this.step(by);
      }
      return;
    }
    const by = { ArrowUp: -1, ArrowDown: 1, Enter: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = this.at(place + by, column);
    if (!next) event.target.blur();
    next?.focus();
    next?.select();
  }

  // What each row costs, and what is wrong with a cell.
  explain() {
    const { info, errors, columns } = this.data;
    for (const line of this.root.querySelectorAll('tr.reason')) line.remove();
    const lines = [...this.root.querySelectorAll('tbody tr')];
    for (const [place, line] of lines.filter(tr => tr.querySelector('input')).entries()) {
      cost(line.querySelectorAll('td.info'), info[place]);
      const found = errors[place] ?? {};
      for (const [column, box] of line.querySelectorAll('input').entries()) {
        const why = found[columns[column]] ?? '';
        box.ariaInvalid = why !== '';
        box.title = why;
      }
      for (const why of new Set(Object.values(found))) line.after(across(why, COLUMNS, 'reason'));
    }
  }
}

const asText = rows => JSON.stringify(rows.map(row => [row.stage, row.origin, row.cells]));

function named(rows) {
  const counts = {};
  return rows.map(({ stage }) => {
    counts[stage] = (counts[stage] ?? -1) + 1;
    return `${stage}${LETTERS[counts[stage]] ?? '?'}`;
  });
}
