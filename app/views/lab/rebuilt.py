"""The rebuilt network: what became of the weights, both answers, and where to take it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from app.session import lab, models
from app.session.scene import Scene
from app.views.lab import accuracy, destinations
from app.widgets import answers, choice, messages, other_model
from app.widgets.waiting import result_of
from inception_viz.architecture import GoogLeNetConfig, decode, encode
from inception_viz.figures import percent
from inception_viz.surgery import Operation

_KEEP_HELP = (
    "Where there are fewer filters than before, which stay: those with the longest weights, or "
    "those that are most active over the reference photos."
)


def remember(config: GoogLeNetConfig, origins: Mapping[str, str | None]) -> None:
    """Rebuild this network from now on."""
    lab.set_architecture(encode(config), origins)
    lab.rebuilt.set(True)


def show(scene: Scene) -> None:
    """Draw the rebuilt network beside the original, if there is one."""
    text = lab.architecture()
    if not text or not lab.built():
        return
    st.subheader("Rebuilt", anchor=False)
    with messages.errors():
        keep = choice.show(lab.KEEP, "Filters that stay", lab.FILTERS, help=_KEEP_HELP)
        config = decode(text)
        done = result_of(models.rebuilt(scene.base, text, lab.origins(config), keep))
        _report(done, scene)
        _answers(scene, done)
        accuracy.show(scene, done)
        destinations.show(done.classifier)


def _report(done: Operation, scene: Scene) -> None:
    fates = done.to_frame()["fate"].value_counts()
    words = ", ".join(f"{count} {fate}" for fate, count in fates.items())
    st.html(
        f'<p class="iv-lead"><b>{percent(done.survived)}</b> of the weights of '
        f"{escape(scene.base.title)} came over; {_new(done.new_weights)}. "
        f"Layers: {words}.</p>"
    )
    notes = [*done.notes]
    if done.gone:
        notes.append(f"Gone: {', '.join(done.gone)}.")
    if any("other maps" in layer.note for layer in done.layers):
        notes.append(
            "Some layers read other maps than they learned to read: expect noise until the network "
            "is trained."
        )
    for note in notes:
        st.caption(note)
    with st.expander("Layer by layer", icon=":material/table:"):
        st.dataframe(done.to_frame(), hide_index=True, width="stretch")


def _new(weights: int) -> str:
    return f"{weights:,} weights are new" if weights else "none of the rebuilt network's are new"


def _answers(scene: Scene, done: Operation) -> None:
    columns = st.columns(2, gap="large")
    for column, model, title in zip(
        columns, (scene.base, done.classifier), ("Original", "Rebuilt"), strict=True
    ):
        with column:
            st.markdown(f"**{title}**")
            seen = other_model.scene_in(scene, model)
            answers.show(seen, seen.trace, "main")
