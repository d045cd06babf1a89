"""The architecture table, to edit. What is typed goes to the server at once and is never lost."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.frontend import component
from app.session import lab_history
from app.session.lab_draft import MAX_CELL, Draft, Meaning, Row
from inception_viz.architecture import COLUMNS, cost, receptive_fields, steps
from inception_viz.figures import BRANCH_COLOURS

_table = component("lab_table")
_COLOURS = [BRANCH_COLOURS[b] for b in ("1x1", "3x3", "3x3", "5x5", "5x5", "pool")]


def show(key: str, draft: Draft, found: Meaning) -> None:
    """Draw the table; an edit makes another draft the current one, before the rerun."""

    def edited() -> None:
        change = st.session_state[key].edited
        for step in change["steps"]:
            if int(step["number"]) <= lab_history.number():
                continue  # known
            if "by" in step:
                lab_history.step(1 if step["by"] > 0 else -1, int(step["number"]))
            elif "text" in step:
                lab_history.paste(str(step["text"]), step["at"], draft, int(step["number"]))
            else:
                lab_history.take(Draft(_rows(step["rows"]), draft.frame), typed=int(step["number"]))
        live = change["live"]
        if live and int(live["number"]) > lab_history.number():
            lab_history.take(
                Draft(_rows(live["rows"]), draft.frame), typed=int(live["number"]), done=False
            )

    _table(
        key=key,
        data={
            "number": lab_history.number(),
            "undo": lab_history.can_step(-1),
            "redo": lab_history.can_step(1),
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
            tuple(str(text)[:MAX_CELL] for text in row["cells"][: len(COLUMNS)]),
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
