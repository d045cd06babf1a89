"""What was found: where the network knows the concept, and what the photo at hand has of it."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, choices, concepts
from app.session.scene import Scene
from app.widgets import branch_map, choice, figure, picture, target_choice
from app.widgets.waiting import result_of
from inception_viz.features import concept_map
from inception_viz.figures import (
    concept_bars,
    concept_sentence,
    dependence_sentence,
    grid_csv,
    paint_concept,
)
from inception_viz.files import csv_text, file_name, slug

_HOW = (
    "How many photos that were left out, one tenth at a time, are on the right side of the middle; "
    "50 % is chance. They are told apart by Fisher's linear discriminant of the others. Found: "
    "better than 95 of 100 random splits of other photos do anywhere. What is found is what tells "
    "**these** photos apart: where all of one side were taken indoors, that may be it."
)
_WHERE_HOW = (
    "What the discriminant reads at each place. Red: more like the photos with it, 0 is the middle "
    "between both groups, blue: more like those without."
)


def show(scene: Scene, concept: iv.Concept) -> None:
    """Draw it."""
    where = concept_map(scene.model, scene.trace, concept, concept.best)  # says if it doesn't fit
    st.html(f'<p class="iv-lead">{concept_sentence(concept)}</p>')
    with figure.frame("concept", "Where it was found", _HOW, csv=csv_text(concept.to_frame())):
        modules, branches = st.columns([1, 2.4], gap="large")
        with modules:
            st.html(concept_bars(concept))
        with branches:
            clicked = branch_map.show("concept_map", paint_concept(concept), {})
    if clicked is not None:
        choices.choose(address.CONCEPT_AT, clicked.module)
    st.download_button(
        "Save the concept",
        concepts.saved(concept),
        file_name=file_name(f"{slug(concept.name[:40], 'concept')}.safetensors"),
        on_click="ignore",
        icon=":material/download:",
    )
    st.subheader("On the photo at hand", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        module = choice.module(address.CONCEPT_AT, list(scene.trace.modules), concept.best)
        target = target_choice.output(scene)
    if module != concept.best:
        where = concept_map(scene.model, scene.trace, concept, module)
    drawn, words = st.columns([1, 1.6], gap="large")
    grid = scene.grid(where, module, "concept")
    with (
        drawn,
        figure.frame(
            "concept_where", f"Where it fires, {module}", _WHERE_HOW, csv=grid_csv([grid])
        ),
    ):
        picture.show(
            picture.over_photo(scene.trace, where, signed=True), f"The concept in {module}"
        )
    with words:
        _depends(scene, concept, module, target)


def _depends(scene: Scene, concept: iv.Concept, module: str, target: iv.Target) -> None:
    found = result_of(concepts.depending(scene.model, scene.trace, concept, module, target))
    label = target.describe(scene.trace.labels)
    said = dependence_sentence(found, concept.name, target, label)
    st.html(f'<p class="iv-lead">{said}</p>')
    if module not in concept.found:
        st.caption(f"It was not found in {module}, so this says little.")
    st.caption(
        "Taken out: every place of the module's map moves along the difference between both "
        "groups' means until the discriminant reads what it reads for photos without it on "
        f"average; everything behind is run again. Beside it stand {len(found.chance)} random "
        "directions, mixed from what this photo's places put out, along each of which every place "
        "moves as far."
    )
