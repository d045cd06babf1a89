"""What can be done with a run: pause, resume, stop, look inside."""

from __future__ import annotations

import streamlit as st

from app.session import address, choices, models
from app.widgets import messages, page_link
from inception_viz.training import ACTIVE, Run, Status, process


def show(run: Run, status: Status) -> None:
    """Draw the buttons."""
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
                args=(
                    address.MODEL,
                    models.id_of_run(run),
                ),
            ):
                page_link.go("explore")
