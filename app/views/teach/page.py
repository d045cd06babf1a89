"""For teachers: a lesson plan whose every line opens a prepared view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.session import explanations
from app.session.scene import Scene, current
from app.views.teach.plan import LENGTHS, Step, plan
from app.widgets import choice, page_link
from app.widgets.messages import plain
from inception_viz.report import question_table, questions, report_name

_BEFORE = """
- Start the app once on the machine that you will use. Everything works **without internet**. The
  lesson follows the model at the side, here **{model}** with {classes:,} classes.
- Open a **Class**, so that everybody's guesses are counted; put its code on the wall. Nobody needs
  an account or a name, and links that you copy meanwhile lead pupils into it.
- Switch on **Large type** above when you project.
- A class can share one server: give out its address, and send links made with **Copy link**.
  Photos that students upload stay in their own session and are not part of a link.
- To see what everybody predicts, open a class on the page **Class** first: answers are counted
  there as they come, and links that you copy lead pupils into it.
- Choose photos with one clear thing on them. Odd ones are welcome later: the network must choose
  one of its classes whatever it sees.
"""

_QUESTIONS = """
- *Why not only 5×5 filters? They see more.* A 5×5 filter costs 25 multiplications for each map that
  comes in, a 1×1 filter one. And fine detail needs no wide look.
- *A branch fires strongly. Is it important?* Not necessarily: what comes behind may ignore it.
  Compare *Unusual firing* with *Contribution* on Explore, then mute the branch.
- *Muting a branch raised the answer. How?* It spoke against it: contributions can be negative.
- *The heads disagree. Who is right?* The last one has seen most. The early ones tell what could be
  known by then.
- *Grad-CAM lights up the background. Is that a fault?* Perhaps it learned that the background
  goes with the class. The map shows where the evidence lies, not whether it is good evidence.
- *Does the network understand?* It has weighted sums that separate its classes. Upload a drawing or
  something from no class, and discuss what its answer is worth.
"""

_SOURCES = """
Szegedy et al., *Going Deeper with Convolutions*,
[arXiv 1409.4842](https://arxiv.org/abs/1409.4842) ·
Lin et al., *Network in Network*, [arXiv 1312.4400](https://arxiv.org/abs/1312.4400) ·
Selvaraju et al., *Grad-CAM*, [arXiv 1610.02391](https://arxiv.org/abs/1610.02391) ·
Szegedy et al., *Rethinking the Inception Architecture*,
[arXiv 1512.00567](https://arxiv.org/abs/1512.00567)
"""


def show() -> None:
    """Draw the page."""
    scene = current()
    model = scene.model
    st.title("For teachers")
    st.markdown(
        "A lesson for students who know what a convolution is. The goal: they can say what the "
        "four branches of an inception module do, why there are 1×1 convolutions, and how one "
        "finds out which branch mattered. Each line opens the view that it needs; students can go "
        "through *Learn* on their own."
    )
    minutes = choice.show("lesson", "The lesson lasts", {m: f"{m} minutes" for m in LENGTHS})
    st.header("Before the lesson", anchor=False)
    st.markdown(_BEFORE.format(model=plain(model.title), classes=len(model.labels)))
    _on_paper(scene)
    st.header("The lesson", anchor=False)
    start = 0
    for step in plan(model, minutes):
        _step(start, step)
        start += step.minutes
    st.header("Questions that come up", anchor=False)
    st.markdown(_QUESTIONS)
    st.caption(f"Sources: {_SOURCES}")


def _on_paper(scene: Scene) -> None:
    st.header("On paper", anchor=False)
    st.markdown(
        f"A worksheet on **{plain(scene.photo)}** in **{plain(scene.model.title)}**, and its "
        "answers, computed with this network: choose another photo or model at the side for "
        "another one. Open the file and print it. The eight questions are asked before the lesson "
        "and, in other words and numbers, after it; the table opens in any quiz program."
    )
    config = scene.model.config
    files: dict[str, tuple[Callable[[], str], str, str]] = {
        "Worksheet": (partial(explanations.worksheet, scene, answers=False), "html", "text/html"),
        "Answers": (partial(explanations.worksheet, scene, answers=True), "html", "text/html"),
        "Questions": (lambda: question_table(questions(config)), "csv", "text/csv"),
    }
    with st.container(horizontal=True):
        for name, (made, kind, mime) in files.items():
            st.download_button(
                name,
                made,
                file_name=f"{name.lower()}-{report_name(scene.photo, scene.model.title, kind)}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"paper_{name.lower()}",
            )


def _step(start: int, step: Step) -> None:
    with st.container(border=True):
        when, what, where = st.columns([1, 5, 3], vertical_alignment="center")
        when.markdown(f"**{start}–{start + step.minutes} min**")
        what.markdown(step.what)
        with where:
            page_link.show(step.page, step.link, step.query, fresh=True)


show()
