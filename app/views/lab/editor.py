"""The table, the network that it describes, and what that costs: redrawn at every edit."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

import inception_viz as iv
from app.frontend import component
from app.session import lab_history
from app.session.lab_draft import MAX_CELL, Draft, Meaning, Row, meaning
from app.session.scene import Scene
from app.views.lab import network, rebuilt
from app.widgets.messages import plain
from inception_viz.architecture import (
    COLUMNS,
    GoogLeNetConfig,
    check_budget,
    cost,
    receptive_fields,
    steps,
    to_csv,
)
from inception_viz.figures import BRANCH_COLOURS, network_diagram

_CELLS = (
    "Each cell is a number of filters; 0 leaves a layer out, an empty pool projection the "
    "whole pool branch. MACs: multiplications with their additions, for one picture (FLOPs are "
    "twice as many). Cells can be pasted from a spreadsheet."
)


@st.fragment
def show(scene: Scene, names: list[str]) -> None:
    """Draw what follows an edit at once; the rest of the page knows only the modules' ``names``."""
    draft = lab_history.current(scene.base)
    if draft.names != names:
        st.rerun()
    found = meaning(draft)
    message = found.message or _too_large(found.config)
    config = lab_history.built_last(None if message else found.config)
    if config is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            network.totals_line(config)
            if _rebuild(disabled=bool(message)):
                rebuilt.remember(config, draft.origins)
                st.rerun()
    _draw(draft, found)
    if refused := lab_history.refusal():
        st.error(plain(f"Nothing was pasted. {refused}"), icon=":material/content_paste_off:")
    if message:
        said = "See the cell marked red." if found.errors else plain(message)
        stays = " Until then, the last network that can be built is shown." if config else ""
        st.error(f"{said}{stays}", icon=":material/error:")
    st.caption(_CELLS)
    if config is not None:
        network.show(config)
        with st.container(horizontal=True):
            _downloads(config)


def _rebuild(*, disabled: bool) -> bool:
    return st.button(
        "Rebuild the network",
        type="primary",
        icon=":material/construction:",
        key="rebuild",
        disabled=disabled,
    )


def _too_large(config: GoogLeNetConfig | None) -> str:
    if config is not None:
        try:
            check_budget(config)
        except iv.ConfigError as error:
            return str(error)
    return ""


def _downloads(config: GoogLeNetConfig) -> None:
    """The network as files."""
    for label, made, name, kind in (
        ("JSON", partial(config.to_json, indent=1), "network.json", "application/json"),
        ("CSV", partial(to_csv, config), "modules.csv", "text/csv"),
        ("SVG", partial(network_diagram, config), "network.svg", "image/svg+xml"),
    ):
        st.download_button(
            label, made, name, kind, icon=":material/download:", on_click="ignore",
            key=f"lab_save_{label}",
        )  # fmt: skip


_table = component("lab_table")
_COLOURS = [BRANCH_COLOURS[b] for b in ("1x1", "3x3", "3x3", "5x5", "5x5", "pool")]


def _draw(draft: Draft, found: Meaning) -> None:
    """Draw the table; an edit makes another draft the current one, before the rerun."""

    def edited() -> None:
        change = st.session_state["lab_table"].edited
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
        key="lab_table",
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
