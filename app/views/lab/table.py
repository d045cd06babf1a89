"""The architecture table, to edit. What is typed goes to the server at once and is never lost."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.views.lab import editing
from app.views.lab.editing import Draft, Meaning, Row
from inception_viz.architecture import cost
from inception_viz.architecture.config import COLUMNS
from inception_viz.architecture.plan import steps
from inception_viz.architecture.receptive_field import receptive_fields
from inception_viz.figures.colours import BRANCH_COLOURS

_CSS = """
.lab { overflow-x: auto; container-type: inline-size; scrollbar-width: thin; }
table { border-collapse: collapse; font: .9rem var(--st-font, sans-serif); width: 100%;
  color: var(--st-text-color); }
th { font-weight: 500; font-size: .8rem; opacity: .85; padding: 2px 4px; text-align: right; }
th:first-child, td:first-child { text-align: left; }
td { padding: 2px 3px; text-align: right; font-variant-numeric: tabular-nums; }
td.name { font-weight: 600; white-space: nowrap; }
td.info { font-size: .82rem; white-space: nowrap; padding-left: 8px; }
tr.stage td { padding-top: 12px; font-size: .78rem; text-align: left; opacity: .8; }
input { width: 4.2em; text-align: right; font: inherit; color: inherit; padding: 3px 6px;
  border: 1px solid color-mix(in srgb, var(--st-text-color) 30%, transparent); border-radius: 5px;
  background: var(--st-background-color); border-left: 4px solid var(--branch); }
input:focus { outline: 2px solid var(--st-primary-color); outline-offset: 0; }
input[aria-invalid=true] { background: color-mix(in srgb, #d11 18%, var(--st-background-color));
  border-color: #d11; }
.reason { color: var(--st-text-color); font-size: .8rem; text-align: left; padding: 0 4px 6px; }
.reason td { text-align: left; border-left: 3px solid #d11; padding-left: 8px; }
button { font: inherit; border: 0; background: none; color: inherit; cursor: pointer;
  border-radius: 4px; padding: 1px 5px; opacity: .75; }
button:hover, button:focus-visible { opacity: 1; outline: 1px solid currentColor; }
.tools button { font-size: .9rem; padding: 3px 9px; opacity: 1; margin-right: 4px; }
button:disabled, .tools button:disabled { opacity: .25; cursor: default; outline: none; }
/* Where there is little room, first goes what can be read elsewhere. */
@container (max-width: 58rem) { .spare { display: none; } }
@container (max-width: 44rem) { .info { display: none; } input { width: 3.6em; } }
.bar { display: flex; height: 8px; width: 90px; border-radius: 3px; overflow: hidden;
  background: color-mix(in srgb, var(--st-text-color) 12%, transparent); }
.bar i { display: block; height: 100%; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.lab');
  const own = root.own ??= { number: -1, rows: null, pending: [] };
  const plain = rows => JSON.stringify(rows.map(r => [r.stage, r.origin, r.cells]));
  const stale = data.number < own.number;
  const step = by => { own.number += 1; own.pending.push({ number: own.number, by });
    setTriggerValue('edited', { steps: own.pending.slice(-40), live: null }); };
  const snapshot = () => own.rows.map(r =>
    ({ stage: r.stage, origin: r.origin, cells: [...r.cells] }));
  // Whatever the server hasn't confirmed goes along again: a message may overtake another.
  const send = done => {
    clearTimeout(own.timer);
    if (done) own.pending.push({ number: own.number, rows: snapshot() });
    const live = done ? null : { number: own.number, rows: snapshot() };
    setTriggerValue('edited', { steps: own.pending.slice(-40), live });
  };
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const named = rows => { const seen = {};
    return rows.map(r => r.stage + (letters[seen[r.stage] = (seen[r.stage] ?? -1) + 1] ?? '?')); };
  const cell = (tag, text, kind) => { const e = document.createElement(tag);
    e.textContent = text; if (kind) e.className = kind; return e; };
  // A change is numbered when it is made, not when it is sent: what the server says about earlier
  // ones must not undo it meanwhile.
  const change = edit => { own.number += 1; edit(own.rows); build(); send(true); };
  const tool = (text, label, act, off) => { const b = cell('button', text);
    b.type = 'button'; b.title = label; b.setAttribute('aria-label', label); b.disabled = !!off;
    b.onclick = act; return b; };
  const inputs = () => [...root.querySelectorAll('input')];

  function build() {
    const names = named(own.rows), table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const title of ['module', ...data.titles]) head.append(cell('th', title));
    const infos = ['in → out', 'map', 'params', 'MACs', 'MACs by branch', 'sees'];
    const kinds = infos.map(title => /^(params|MACs)$/.test(title) ? 'info' : 'info spare');
    infos.forEach((title, i) => head.append(cell('th', title, kinds[i])));
    head.append(cell('td', ''));  // above the buttons
    const body = table.createTBody();
    own.rows.forEach((row, place) => {
      if (place === 0 || own.rows[place - 1].stage !== row.stage) {
        const line = body.insertRow(); line.className = 'stage';
        const words = cell('td', 'Stage ' + row.stage); words.colSpan = 14; line.append(words);
      }
      const line = body.insertRow();
      line.append(cell('td', names[place], 'name'));
      row.cells.forEach((value, column) => {
        const box = document.createElement('input');
        box.value = box.defaultValue = value; box.inputMode = 'numeric'; box.autocomplete = 'off';
        box.style.setProperty('--branch', data.colours[column]);
        box.setAttribute('aria-label', names[place] + ' ' + data.titles[column]);
        box.dataset.place = place; box.dataset.column = column;
        box.placeholder = column === 5 ? 'none' : '0';
        box.oninput = () => { own.number += 1; row.cells[column] = box.value;
          clearTimeout(own.timer); own.timer = setTimeout(() => send(false), 15); };
        box.onchange = () => { own.number += 1; row.cells[column] = box.value; send(true); };
        box.onpaste = event => paste(event, place, column);
        box.onkeydown = event => move(event, place, column);
        const td = document.createElement('td'); td.append(box); line.append(td);
      });
      for (const kind of kinds) line.append(cell('td', '', kind));
      const tools = document.createElement('td'); tools.style.whiteSpace = 'nowrap';
      const same = own.rows.filter(r => r.stage === row.stage);
      const at = same.indexOf(row);
      const swap = by => change(rows => { [rows[place], rows[place + by]] =
        [rows[place + by], rows[place]]; });
      tools.append(
        tool('↑', 'Move ' + names[place] + ' up', () => swap(-1), at === 0),
        tool('↓', 'Move ' + names[place] + ' down', () => swap(1), at === same.length - 1),
        tool('+', 'Duplicate ' + names[place], () => change(rows => rows.splice(place + 1, 0,
          { stage: row.stage, origin: '', cells: [...row.cells] })), same.length >= 26),
        tool('✕', 'Remove ' + names[place], () => change(rows => rows.splice(place, 1)),
          same.length === 1));
      line.append(tools);
    });
    const focused = parentElement.activeElement ?? root.getRootNode().activeElement;
    const spot = focused?.dataset?.place === undefined ? null
      : [focused.dataset.place, focused.dataset.column, focused.selectionStart];
    own.holder.replaceChildren(table);
    if (spot) {
      const box = root.querySelector(`input[data-place="${spot[0]}"][data-column="${spot[1]}"]`);
      if (box) { box.focus(); box.setSelectionRange(spot[2], spot[2]); }
    }
  }

  function paste(event, place, column) {
    const text = event.clipboardData.getData('text');
    if (!/[\\t\\n,;]/.test(text.trim())) return;
    event.preventDefault();
    const lines = text.replace(/\\r/g, '').replace(/\\n+$/, '').split('\\n')
      .map(l => l.split(l.includes('\\t') ? '\\t' : /[;,]/).map(c => c.trim()));
    change(rows => lines.forEach((cells, i) => {
      if (cells.length > 6 && isNaN(cells[0])) cells.shift();
      const row = rows[place + i];
      if (row) cells.forEach((value, j) => { if (column + j < 6) row.cells[column + j] = value; });
    }));
  }

  function move(event, place, column) {
    if (event.ctrlKey || event.metaKey) {
      const by = { z: event.shiftKey ? 1 : -1, y: 1 }[event.key.toLowerCase()];
      if (by && event.target.value === event.target.defaultValue) {
        event.preventDefault(); step(by);
      }
      return;
    }
    const by = { ArrowUp: -1, ArrowDown: 1, Enter: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = root.querySelector(
      `input[data-place="${place + by}"][data-column="${column}"]`);
    if (next) { next.focus(); next.select(); } else event.target.blur();
  }

  own.pending = own.pending.filter(step => step.number > data.number);
  if (!own.holder) {  // made once: a button that is replaced under the mouse loses its click
    const bar = cell('div', '', 'tools');
    own.undo = tool('↶ Undo', 'Undo (Ctrl+Z)', () => own.step(-1));
    own.redo = tool('↷ Redo', 'Redo (Ctrl+Y)', () => own.step(1));
    own.holder = document.createElement('div');
    bar.append(own.undo, own.redo);
    root.append(bar, own.holder);
  }
  own.step = step;
  if (!stale) {
    const changed = !own.rows || plain(own.rows) !== plain(data.rows);
    own.number = data.number;
    own.pending = [];
    if (changed) { own.rows = structuredClone(data.rows); build(); }
    own.undo.disabled = !data.undo; own.redo.disabled = !data.redo;
    root.querySelectorAll('tr.reason').forEach(line => line.remove());
    const lines = [...root.querySelectorAll('tbody tr')].filter(l => l.querySelector('input'));
    lines.forEach((line, place) => {
      const info = data.info[place], boxes = line.querySelectorAll('td.info');
      (info?.texts ?? ['', '', '', '']).forEach((text, i) => { boxes[i].textContent = text; });
      boxes[4].replaceChildren();
      if (info) {
        const bar = cell('div', '', 'bar'); bar.title = info.shares_text;
        info.shares.forEach(([colour, share]) => { const part = document.createElement('i');
          part.style.width = 100 * share + '%'; part.style.background = colour;
          bar.append(part); });
        boxes[4].append(bar);
      }
      boxes[5].textContent = info?.field ?? '';
      const errors = data.errors[place] ?? {};
      line.querySelectorAll('input').forEach((box, column) => {
        const reason = errors[data.columns[column]];
        box.setAttribute('aria-invalid', !!reason); box.title = reason ?? '';
      });
      for (const reason of new Set(Object.values(errors))) {
        const row = document.createElement('tr'); row.className = 'reason';
        const td = cell('td', reason); td.colSpan = 14; row.append(td); line.after(row);
      }
    });
  }
}
"""

_table = st.components.v2.component(
    "inception_viz.lab_table", html='<div class="lab"></div>', css=_CSS, js=_JS
)
_COLOURS = [BRANCH_COLOURS[b] for b in ("1x1", "3x3", "3x3", "5x5", "5x5", "pool")]


def show(key: str, draft: Draft, found: Meaning) -> None:
    """Draw the table; an edit makes another draft the current one, before the rerun."""

    def edited() -> None:
        change = st.session_state[key].edited
        for step in change["steps"]:
            if int(step["number"]) <= editing.number():
                continue  # known
            if "by" in step:
                editing.step(1 if step["by"] > 0 else -1, int(step["number"]))
            else:
                editing.take(Draft(_rows(step["rows"]), draft.frame), typed=int(step["number"]))
        live = change["live"]
        if live and int(live["number"]) > editing.number():
            editing.take(
                Draft(_rows(live["rows"]), draft.frame), typed=int(live["number"]), done=False
            )

    _table(
        key=key,
        data={
            "number": editing.number(),
            "undo": editing.can_step(-1),
            "redo": editing.can_step(1),
            "rows": [
                {"stage": r.stage, "origin": r.origin, "cells": list(r.cells)} for r in draft.rows
            ],
            "errors": {str(place): dict(errors) for place, errors in found.errors.items()},
            "columns": list(COLUMNS),
            "titles": list(COLUMNS.values()),
            "colours": _COLOURS,
            "info": _info(found),
        },
        on_edited_change=edited,
    )


def _rows(sent: list[dict[str, Any]]) -> tuple[Row, ...]:
    return tuple(
        Row(
            min(max(int(row["stage"]), 3), 5),
            tuple(str(text)[:12] for text in row["cells"][: len(COLUMNS)]),
            str(row["origin"])[:8],
        )
        for row in sent[: 3 * 26]
    )


def _info(found: Meaning) -> list[dict[str, Any]]:
    config = found.config
    if config is None:
        return []
    layers, fields, module_layers = cost.layers(config), receptive_fields(config), steps(config)
    info = []
    for name in config.modules:
        whole = cost.totals(layers, name)
        inputs, joined = module_layers[name][0].inputs, module_layers[name][-1]
        shares = [
            (colour, cost.totals(layers, name, branch).macs / whole.macs if whole.macs else 0.0)
            for branch, colour in BRANCH_COLOURS.items()
        ]
        info.append(
            {
                "texts": [
                    f"{inputs:,} → {joined.outputs:,}",
                    f"{joined.size}×{joined.size}",
                    f"{whole.parameters / 1000:,.1f} K",
                    f"{whole.macs / 1e6:,.1f} M",
                ],
                "shares": shares,
                "shares_text": ", ".join(
                    f"{branch} {share:.0%}"
                    for branch, (_, share) in zip(BRANCH_COLOURS, shares, strict=True)
                ),
                "field": f"{fields[name].size} px",
            }
        )
    return info
