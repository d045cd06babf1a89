"""The runs on this computer."""

from __future__ import annotations

import streamlit as st

from app.views.train import live
from app.widgets import messages
from inception_viz.figures import percent
from inception_viz.training import Run, Status, process

_AT_MOST = 20


def show(active: Run | None) -> None:
    """Draw every run but the one that is going on, the newest first, folded."""
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
