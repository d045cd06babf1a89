"""A run: how it goes, its curves, and what can be done with it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Literal

import streamlit as st

from app.session import address, choices, models
from app.views.train import orders
from app.widgets import figure, messages, page_link
from app.widgets.messages import plain
from inception_viz.architecture import HEAD_NAMES
from inception_viz.figures import percent, training_curves
from inception_viz.training import ACTIVE, Run, Status, process


def show_last_started() -> None:
    """What became of the run that was started here, if it ended."""
    run = orders.find(models.started())
    if run is not None and run.status().state not in ACTIVE:
        with st.container(border=True):
            draw(run, run.status())


@st.fragment(run_every=2.0)
def show(run: Run) -> None:
    """Draw a run that is going on; it redraws itself every two seconds."""
    status = run.status()
    if status.state not in ACTIVE:
        models.started.set(run.path.name)
        st.rerun()
    with st.container(border=True):
        draw(run, status)


@messages.errors()
def draw(run: Run, status: Status) -> None:
    """State, figures, curves and buttons of a run; of a damaged one, what is wrong with it."""
    name = run.path.name
    st.subheader(f"{status.state.capitalize()}: {plain(name)}", anchor=False)
    if status.message:
        (st.error if status.state == "failed" else st.info)(plain(status.message))
    for warning in status.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    history, steps = run.history(), run.steps()
    if status.steps:
        st.progress(status.step / status.steps, _progress_text(status))
        _figures(status, history)
    if steps or history:
        config, _, _ = run.start()
        chances: dict[Literal["loss", "accuracy"], float] = {
            "loss": math.log(config.classes),
            "accuracy": 1 / config.classes,
        }
        for column, (kind, chance) in zip(
            st.columns(2, gap="medium"), chances.items(), strict=True
        ):
            with column:
                curves = training_curves(history, steps, kind, chance)
                alt = f"{kind.capitalize()} of the three heads over the steps of the training"
                figure.chart(kind, curves, alt=alt)
        st.caption(
            "Lines: the pictures it learns from, smoothed, cut and coloured at random, so harder "
            "than they are. Dots: the validation pictures, with averaged weights. Dashed: what "
            "guessing gives."
        )
    _buttons(run, status)


def _progress_text(status: Status) -> str:
    done = f"Epoch {min(status.epoch + 1, status.epochs)} of {status.epochs}"
    return f"{done}, step {status.step:,} of {status.steps:,}, pictures of {status.size} px"


def _figures(status: Status, history: list[dict[str, float | None]]) -> None:
    judged = [row for row in history if row.get("val_accuracy_main") is not None]
    figures = {"Pictures a second": f"{status.images_per_second:.0f}"}
    if status.seconds_left is not None and status.state in ACTIVE:
        figures["Time left"] = str(timedelta(seconds=round(status.seconds_left)))
    else:
        figures["Epochs done"] = f"{status.epoch}"
    for head, name in HEAD_NAMES.items():
        value = judged[-1].get(f"val_accuracy_{head}") if judged else None
        figures[f"{name.capitalize()} right"] = "–" if value is None else percent(value)
    with st.container(horizontal=True, gap="large"):  # wraps on a phone
        for title, figure in figures.items():
            st.metric(title, figure, width="content")


def _buttons(run: Run, status: Status) -> None:
    """What can be done with it."""
    name, active = run.path.name, status.state in ACTIVE
    with st.container(horizontal=True):
        if status.state == "training" and st.button(
            "Pause", icon=":material/pause:", key=f"pause_{name}"
        ):
            run.send("pause")
            st.toast("It pauses after this step and writes a checkpoint.")
        goes_on = status.state == "paused" or (
            status.state in ("stopped", "failed") and run.exists()
        )
        if goes_on and st.button("Resume", icon=":material/play_arrow:", key=f"resume_{name}"):
            with messages.errors():
                process.resume(run)
                st.rerun()
        if active and st.button("Stop", icon=":material/stop:", key=f"stop_{name}"):
            run.send("stop")
            st.toast("It stops after this step and keeps its weights.")
        if models.has_learned(run):
            label = "Look inside" if active else "Use this model"
            if st.button(
                label,
                type="primary",
                icon=":material/search:",
                key=f"use_{name}",
                on_click=choices.choose,
                args=(address.MODEL, models.id_of_run(run)),
            ):
                page_link.go("explore")
