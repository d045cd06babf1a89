"""The network map, coloured as one likes; a click leads to the page that shows more."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import address, channels, explanations, traces
from app.session.scene import Scene
from app.widgets import branch_map, choice, figure, messages, page_link
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture import Place
from inception_viz.figures import (
    METRICS,
    Painting,
    head_answers,
    paint_cams,
    paint_contributions,
    paint_firing,
)
from inception_viz.files import csv_text

_LOOKS = {  # what the map can be coloured by: name, title, how to read it, what a click is for
    "deviation": (
        "Unusual firing",
        "Which branches fire more or less than usual",
        "σ: standard deviations of the branch's mean activation above (red) or below (blue) its "
        "usual level over {photos:,} photos of {data}; white is usual. Red doesn't mean *for the "
        "answer*.",
        "to see its channels",
    ),
    "energy_share": (
        "Share of the module",
        "How the branches of a module share its activity",
        "Part of the module's energy, the sum of all squared activations; the four of a module add "
        "up to 100 %.",
        "to see its channels",
    ),
    "mean": (
        "Mean activation",
        "How strongly each branch fires",
        "Activation after ReLU, averaged over all units (no unit; later modules differ in scale "
        "from earlier ones). Brighter is more.",
        "to see its channels",
    ),
    "contribution": (
        "Contribution",
        "What each branch contributes to {label}",
        "Shapley value in logits: red speaks for the class, blue against it; the four of a module "
        "add up to what the module is worth.",
        "to open it",
    ),
    "cam": (
        "Grad-CAM",
        "Which branches hold the evidence for {label}",
        "The positive part of each branch's Grad-CAM map, as a share of its module's.",
        "to see where its module looks",
    ),
}


def show(scene: Scene) -> None:
    """Draw the choice of a colouring and the map."""
    known = traces.firing(scene.trace, scene.model).reference is not None
    looks = {key: look[0] for key, look in _LOOKS.items() if key != "deviation" or known}
    chosen = choice.show("metric", "Colour by", looks)
    if not known:
        st.caption("What is unusual can't be told: nobody measured how this network usually fires.")
    _, title, how, click = _LOOKS[chosen]
    how += f" The bar below shows how many channels a branch has. **Click a branch** {click}."
    with messages.errors():
        painted = _painting(scene, chosen)
        if painted is None:
            return
        painting, csv, words = painted
        with figure.frame("map", title.format(**words), how.format(**words), csv=csv):
            clicked = branch_map.show(
                "map",
                painting,
                head_answers(scene.model, scene.trace),
                looks=channels.looks(scene.trace, scene.model),
            )
        if clicked is not None:
            _go(clicked, chosen)


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
        job = explanations.job(
            iv.contributions, model, trace, target, method="shapley", baseline="zero"
        )
        scores = wait_for("map_scores", job, "Shapley value of every branch …")
        if scores is None:
            return None
        painting, csv = paint_contributions(scores), csv_text(scores.to_frame())
    return replace(painting, widths=trace.widths), csv, words


def _go(place: Place, look: str) -> None:
    if look == "contribution" and place.branch:
        page_link.go("contributions", {address.OPEN: str(place)})
    if look == "cam" and place.branch:
        page_link.go("grad_cam", {address.CAM_MODULE: place.module})
    page_link.go("branches", page_link.maps_of(place))
