"""Train: your own GoogLeNet, live."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import models
from app.views.train import form, live, orders
from app.widgets import messages
from inception_viz.figures import percent
from inception_viz.training import Run, Status, process

_AT_MOST = 20  # earlier runs


def show() -> None:
    """Draw the page."""
    st.title("Train your own GoogLeNet")
    st.html(
        '<p class="iv-lead">Put pictures into one folder per class, choose a network, and watch '
        "its three heads learn. Training goes on when you leave this page or close the tab.</p>"
    )
    active = process.active_run()
    if active is not None:
        live.show(active)
        st.caption(
            "One training at a time on this computer, so that it stays quick for everybody. When "
            "this one ends, you can start the next."
        )
    else:
        live.show_last_started()
        _form()
    _earlier(active)


def _form() -> None:
    """The order for a new training; its button starts it."""
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Pictures", anchor=False)
        photos = form.pictures()
    with right:
        st.subheader("Network", anchor=False)
        untrained = form.network()
    st.subheader("Recipe", anchor=False)
    how = form.recipe()
    if st.button("Start training", type="primary", icon=":material/play_arrow:"):
        with messages.errors():
            if photos is None:
                raise iv.TrainingError("Choose pictures first: a ZIP, a folder or a dataset.")
            if untrained is None:
                raise iv.TrainingError("Choose the file of a network first, or another network.")
            with st.spinner("Preparing the pictures …"):
                run = orders.start(photos, untrained, how)
            models.started.set(run.path.name)
            st.rerun()


def _earlier(active: Run | None) -> None:
    """Every run but the one that is going on, the newest first, folded."""
    runs = [run for run in process.runs() if active is None or run.path != active.path][:_AT_MOST]
    if not runs:
        return
    st.subheader("Earlier trainings on this computer", anchor=False)
    for run in runs:
        status = run.status()
        opened = st.expander(_title(run, status), key=f"open_{run.path.name}", on_change="rerun")
        if opened.open:
            with opened:
                live.draw(run, status)
                _delete(run)


def _title(run: Run, status: Status) -> str:
    judged = [r["val_accuracy_main"] for r in run.history() if r.get("val_accuracy_main")]
    score = f", {percent(judged[-1] or 0.0)} right" if judged else ""
    return f"{run.path.name}: {status.state}, {status.epoch} of {status.epochs} epochs{score}"


def _delete(run: Run) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        st.caption("Its curves, checkpoints and weights will be gone.")
        if st.button("Delete for good", key=f"delete_{run.path.name}"):
            with messages.errors():
                process.delete(run)
                st.rerun()


show()
