"""Explore: the whole network at a glance."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import NamedTuple

import streamlit as st

import inception_viz as iv
from app.session import address, explanations, samples, traces
from app.session.scene import Scene, current
from app.views.explore import insight_links
from app.widgets import (
    answers,
    branch_map,
    choice,
    figure,
    messages,
)
from app.widgets.markdown import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture.config import HEAD_NAMES
from inception_viz.figures import overlay
from inception_viz.figures.answers import percent
from inception_viz.figures.network_map import Painting
from inception_viz.figures.paintings import (
    METRICS,
    head_answers,
    paint_cams,
    paint_contributions,
    paint_firing,
)
from inception_viz.files.spreadsheet import csv_text

_WIDTHS = " The bar below shows how many channels a branch has."


class Look(NamedTuple):
    """What the map can be coloured by: its name, a title, how to read it, where a click leads."""

    name: str
    title: str
    how: str
    leads: str


_LOOKS = {
    "deviation": Look(
        "Unusual firing",
        "Which branches fire more or less than usual",
        "σ: standard deviations of the branch's mean activation above (red) or below (blue) its "
        "usual level over {photos:,} photos of {data}; white is usual." + _WIDTHS + " **Click a "
        "branch** to see its channels.",
        "channels",
    ),
    "energy_share": Look(
        "Share of the module",
        "How the branches of a module share its activity",
        "Part of the module's energy, the sum of all squared activations; the four of a module add "
        "up to 100 %." + _WIDTHS + " **Click a branch** to see its channels.",
        "channels",
    ),
    "mean": Look(
        "Mean activation",
        "How strongly each branch fires",
        "Activation after ReLU, averaged over all units (no unit; later modules differ in scale "
        "from earlier ones). Brighter is more." + _WIDTHS + " **Click a branch** to see its "
        "channels.",
        "channels",
    ),
    "contribution": Look(
        "Contribution",
        "What each branch contributes to {label}",
        "Shapley value in logits: red speaks for the class, blue against it; the four of a module "
        "add up to what the module is worth." + _WIDTHS + " **Click a branch** to open it.",
        "contribution",
    ),
    "cam": Look(
        "Grad-CAM",
        "Which branches hold the evidence for {label}",
        "The positive part of each branch's Grad-CAM map, as a share of its module's."
        + _WIDTHS
        + " **Click a branch** to see where its module looks.",
        "cam",
    ),
}


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("See how GoogLeNet thinks")
    photo, words = st.columns([1, 3.6], gap="medium")
    with photo, st.container(key="photo"):
        picture = overlay.photo_with_frame(scene.trace.picture, scene.trace.fitting)
        st.image(overlay.encode(picture), alt=scene.alt, width="stretch")
    with words, st.container(gap="xsmall"):
        notes = " ".join(map(escape, scene.model.weights.notes))
        st.html(f'<p class="iv-lead">{_headline(scene)}</p><p class="iv-note">{notes}</p>')
        st.page_link(
            "views/learn/page.py",
            label="New to this? *Learn* explains modules, branches and the figures, step by step.",
            icon=":material/school:",
            query_params=address.link(),
        )
        insight_links.show(scene)
    _map(scene)
    _heads(scene)


def _headline(scene: Scene) -> str:
    label, probability = scene.trace.predictions(1)[0]
    answer = f"<b>{escape(label)}</b> ({percent(probability)})"
    if scene.model.source == "random":
        return f"This network has learned nothing: its answer, {answer}, is noise."
    said = f"{escape(scene.model.title)} says {answer}"
    if samples.shows_a_class_of(scene.trace.picture, scene.model) is False:
        return f"{said}; it has no class for what is on this photo, and must choose one."
    return f"{said}."


def _map(scene: Scene) -> None:
    known = traces.firing(scene.trace, scene.model).reference is not None
    looks = {key: look.name for key, look in _LOOKS.items() if key != "deviation" or known}
    chosen = choice.show("metric", "Colour by", looks)
    if not known:
        st.caption("What is unusual can't be told: nobody measured how this network usually fires.")
    look = _LOOKS[chosen]
    with messages.errors():
        painted = _painting(scene, chosen)
        if painted is None:
            return
        painting, csv, words = painted
        title, how = (text.format(**words) for text in (look.title, look.how))
        with figure.frame("map", title, how, csv=csv):
            clicked = branch_map.show("map", painting, head_answers(scene.model, scene.trace))
        if clicked is not None:
            _go(clicked, look.leads)


def _painting(scene: Scene, look: str) -> tuple[Painting, str, dict[str, object]] | None:
    """What the map shows, its figures as CSV, and the words its texts need."""
    model, trace, target = scene.model, scene.trace, iv.Target(scene.target)
    words: dict[str, object] = {"label": plain(trace.labels[scene.target])}
    for metric in METRICS:
        if look == metric:
            fired = traces.firing(trace, model)
            if fired.reference is not None:
                words |= {"photos": fired.reference.photos, "data": fired.reference.data}
            return paint_firing(fired, metric), csv_text(fired.to_frame()), words
    if look == "cam":
        cams = result_of(explanations.cams(model, trace, target))
        painting, csv = paint_cams(cams, tuple(trace.modules)), csv_text(cams.to_frame())
    else:
        job = explanations.contributions(model, trace, target, "shapley", "zero")
        scores = wait_for("map_scores", job, "Shapley value of every branch …")
        if scores is None:
            return None
        painting, csv = paint_contributions(scores), csv_text(scores.to_frame())
    return replace(painting, widths=trace.widths), csv, words


def _go(place: str, leads: str) -> None:
    module, _, branch = place.partition("/")
    if leads == "contribution" and branch:
        st.switch_page(
            "views/contributions/page.py", query_params=address.link() | {address.OPEN: place}
        )
    if leads == "cam" and branch:
        st.switch_page(
            "views/grad_cam/page.py", query_params=address.link() | {address.CAM_MODULE: module}
        )
    # A bound widget reads its option's name on screen from the URL.
    where = {address.MODULE: module} | ({address.BRANCH: branch} if branch else {})
    st.switch_page("views/branches/page.py", query_params=address.link() | where)


def _heads(scene: Scene) -> None:
    heads = [*scene.model.config.heads, "main"]
    how = "The five likeliest classes by softmax probability."
    with figure.frame("answers", "What the heads answer", how, csv=answers.csv(scene, heads)):
        columns = st.columns(max(len(heads), 2), gap="medium")
        for column, head in zip(columns, heads, strict=False):
            with column:
                answers.show(scene, scene.trace, head, title=HEAD_NAMES[head].capitalize())
        if len(heads) == 1:
            with columns[1]:
                st.caption("These weights come without auxiliary heads.")


show()
