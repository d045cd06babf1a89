"""Predict what muting a branch does, then see."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, explanations
from app.session.scene import Scene
from app.views.learn.chapters.question import ask, highest
from app.widgets import choice, messages, page_link
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.figures import BRANCH_NAMES, percent, signed


def show(scene: Scene) -> None:
    """Draw the chapter."""
    trace = scene.trace
    label = plain(trace.labels[scene.target])
    st.markdown(
        "The plainest test of whether a branch matters: switch it off and ask again. A muted "
        "branch puts out zeros, everything after it goes on as usual. A loud branch may turn out "
        "to be idle, a quiet one to decide."
    )
    module = choice.show("mute_module", "In module", {m: m for m in trace.modules})
    with messages.errors():
        job = explanations.job(iv.sweep, scene.model, trace, iv.Target(scene.target))
        swept = wait_for("lesson_sweep", job, "Muting every branch once …")
        if swept is None:
            return
        changes = {row.branch: row.change for row in swept.rows if row.module == module}
        worst = highest({b: abs(change) for b, change in changes.items()}, signed)
        parts = ", ".join(f"{BRANCH_NAMES[b]} {signed(c)}" for b, c in changes.items())
        reason = f"Change of the logit of {label} without the branch: {parts}."
        ask(
            "guess_mute",
            scene,
            f"Muting which branch of {module} changes the answer {label} most?",
            {b: BRANCH_NAMES[b] for b in changes},
            lambda: (worst, reason),
            counts_as="mute",
            about=[module],
        )

        def survives() -> tuple[list[bool], str]:
            without = result_of(explanations.muted(scene.model, trace, [module]))
            (before, p), (after, q) = (t.predictions(1)[0] for t in (trace, without))
            said = f"{plain(before)} ({percent(p)}) → {plain(after)} ({percent(q)})."
            return [before == after], f"With the whole module {module} silent: {said}"

        ask(
            "guess_whole",
            scene,
            f"And if the whole module {module} falls silent: does the first choice stay?",
            {True: "it stays", False: "it changes"},
            survives,
            counts_as="whole",
            about=[module],
        )
    view = {address.MUTED: module}
    page_link.show("switchboard", "Mute whatever you like on the Switchboard", view)
