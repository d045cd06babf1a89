"""A run: how it goes, its curves, and what can be done with it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, Literal

import streamlit as st

from app.session import models
from app.views.train import buttons, orders
from app.widgets import figure, messages
from app.widgets.markdown import plain
from inception_viz.architecture import HEAD_NAMES
from inception_viz.figures import percent, training_curves
from inception_viz.training import ACTIVE, Run, Status

_NAMES = {
    "preparing": "Preparing",
    "training": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "failed": "Failed",
}


def show(run: Run) -> None:
    """Draw a run that is going on; it redraws itself every two seconds."""
    _live(run)


def show_last_started() -> None:
    """What became of the run that was started here, if it ended."""
    run = orders.find(models.started())
    if run is not None and run.status().state not in ACTIVE:
        with st.container(border=True):
            draw(run, run.status())


@st.fragment(run_every=2.0)
def _live(run: Run) -> None:
    status = run.status()
    if status.state not in ACTIVE:
        models.started.set(run.path.name)
        st.rerun()
    with st.container(border=True):
        draw(run, status)


def draw(run: Run, status: Status) -> None:
    """State, figures, curves and buttons of a run; of a damaged one, what is wrong with it."""
    with messages.errors():
        _draw(run, status)


def _draw(run: Run, status: Status) -> None:
    name = run.path.name
    st.subheader(f"{_NAMES[status.state]}: {plain(name)}", anchor=False)
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
        left, right = st.columns(2, gap="medium")
        curves: tuple[tuple[Any, Literal["loss", "accuracy"], float], ...] = (
            (left, "loss", math.log(config.classes)),
            (right, "accuracy", 1 / config.classes),
        )
        for column, kind, chance in curves:
            with column:
                figure.chart(
                    kind,
                    training_curves(history, steps, kind, chance),
                    alt=f"{kind.capitalize()} of the three heads over the steps of the training",
                )
        st.caption(
            "Lines: the pictures it learns from, smoothed, cut and coloured at random, so harder "
            "than they are. Dots: the validation pictures, with averaged weights. Dashed: what "
            "guessing gives."
        )
    buttons.show(run, status)


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
