"""All photos of an upload in one table: what each is called, what is unusual, a report each."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import inception_viz as iv
from app.server.jobs import Job
from app.session import all_photos, own_photos, photo_origin
from app.session.all_photos import Archive, Row
from app.session.held import Held
from app.session.own_photos import OwnPhoto
from app.session.scene import Scene
from app.widgets import messages
from app.widgets.waiting import wait_for
from inception_viz.figures import BRANCH_NAMES, percent, sigma
from inception_viz.files import csv_text
from inception_viz.pictures import Crop, Fit
from inception_viz.report import report_name

_TABLE = "all_photos_table"
_TITLES, _ROW, _MOST_ROWS = 38, 44, 8  # pixels, pixels, rows seen without scrolling
_BELOW = 54  # pixels: what stands below the table is so much higher than the bar

_open = Held("all_photos_open", lambda: True)
_asked = Held[Hashable]("all_photos_asked", lambda: None)  # the key of the job asked for
_archive = Held[Job[Archive] | None]("all_photos_archive", lambda: None)  # lives as long as held


@contextmanager
def around(scene: Scene) -> Iterator[None]:
    """Draw the table, if there are photos for one, above what is drawn inside.

    If it takes time, what is quick comes first, and finds its place as it stays.
    """
    model, fit, every = scene.model, scene.trace.fitting.fit, own_photos.photos()
    if len(every) < 2 or not photo_origin.uploads():
        yield
        return
    folded = st.expander(
        f"All {len(every)} photos", expanded=_open(), key="all_photos", on_change=_fold
    )
    if not folded.open:
        yield
        return
    with folded:
        bar, room, place = st.container(), st.empty(), st.container()
    job = all_photos.table(model, fit, every)
    at_once = job.finished.is_set()
    if at_once:
        end = _show(place, model, fit, every, job.outcome())
    else:
        room.space(_height(every) + _BELOW)
    yield
    if not at_once:
        with bar:
            rows = wait_for("all_photos", job, "Looking at each photo …")
        room.empty()
        if rows is None:
            return
        end = _show(place, model, fit, every, rows)
    with messages.errors():
        _reports(*end, model, fit, every)


def _fold() -> None:
    _open.set(bool(st.session_state["all_photos"]))


def _show(
    place: DeltaGenerator,
    model: iv.Classifier,
    fit: Fit | Crop,
    every: Sequence[OwnPhoto],
    rows: Sequence[Row],
) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Draw the table and the way to save it; places beside that and below."""
    with place:
        _table(every, rows)
        unusual = (
            "σ: standard deviations of the branch's mean activation above or below its usual level."
            if any(row.unusual for row in rows)
            else "What is unusual can't be told: nobody measured how this network usually fires."
        )
        same = "Each photo is seen through the same square. " * isinstance(fit, Crop)
        st.caption(f"**Click a row** to see that photo. {same}{unusual}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Table as CSV",
                csv_text(all_photos.to_frame(rows, model, fit)),
                file_name=report_name(f"{len(every)} photos", model.title, "csv"),
                mime="text/csv",
                on_click="ignore",
                icon=":material/download:",
                key="all_photos_csv",
            )
            beside = st.empty()
        return beside, st.container()


def _table(every: Sequence[OwnPhoto], rows: Sequence[Row]) -> None:
    import pandas as pd

    lines = []
    for photo, row in zip(every, rows, strict=True):
        (first, probability), *others = row.answers or ((row.wrong, None),)
        line: dict[str, object] = {"": photo.small, "Photo": row.photo}
        line |= {"First answer": first, "Probability": probability and 100 * probability}
        for name, place in (("Second", 0), ("Third", 1)):
            said = others[place : place + 1]
            line[name] = "".join(f"{label} {percent(share)}" for label, share in said)
        if row.unusual is not None:
            branch = row.unusual
            line["Most unusual"] = f"{BRANCH_NAMES[branch.branch]} of {branch.module}"
            line["σ"] = branch.deviation
        lines.append(line)
    frame = pd.DataFrame(lines).style
    if any(row.unusual for row in rows):
        frame.format(lambda far: sigma(cast("float", far)), subset=["σ"], na_rep="")
    chosen = own_photos.chosen()
    ids = [photo.id for photo in every]
    at = ids.index(chosen.id) if chosen else 0
    st.session_state[_TABLE] = {"selection": {"rows": [at], "columns": [], "cells": []}}
    st.dataframe(
        frame,
        key=_TABLE,
        hide_index=True,
        width="stretch",
        height=_height(every),
        row_height=_ROW,
        on_select=_choose,
        selection_mode=["single-row-required", "single-cell"],
        placeholder="",
        column_config={
            "": st.column_config.ImageColumn(width=50),
            "Probability": st.column_config.ProgressColumn(
                format="%.1f\N{NO-BREAK SPACE}%%", min_value=0, max_value=100, width="small"
            ),
            "σ": st.column_config.NumberColumn(width="small"),
        },
        alt="Your photos: answers and most unusual branches",
    )


def _height(every: Sequence[OwnPhoto]) -> int:
    return _TITLES + _ROW * min(len(every), _MOST_ROWS)


def _choose() -> None:
    """A row was clicked, or one of its cells."""
    selection = st.session_state[_TABLE]["selection"]
    cells = selection["cells"]
    row = cells[0][0] if cells else selection["rows"][0]
    every = own_photos.photos()
    if row < len(every):
        own_photos.choose(every[row].id)


def _reports(
    button: DeltaGenerator,
    bar: DeltaGenerator,
    model: iv.Classifier,
    fit: Fit | Crop,
    every: Sequence[OwnPhoto],
) -> None:
    """Draw the way to a report for each photo: ask, wait, save."""
    job = all_photos.reports(model, fit, every)
    if _asked() != job.key:
        _archive.set(None)
        button.button(
            "A report for each …",
            key="all_photos_reports",
            icon=":material/description:",
            help="One HTML file a photo, in a ZIP: everything about it in this model, explained by "
            "the network's first choice. Takes a few seconds each.",
            on_click=_asked.set,
            args=(job.key,),
        )
        return
    _archive.set(job)
    with bar:
        found = wait_for("reports", job, f"Writing {len(every)} reports …")
    if found is not None:
        button.download_button(
            f"Save {len(every)} reports (ZIP, {found.size / 1e6:.1f} MB)",
            found.read,
            file_name=report_name(f"{len(every)} photos", model.title, "zip"),
            mime="application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
            key="all_photos_zip",
        )
