"""The rebuilt network: what became of the weights, both answers, and where to take it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

import inception_viz as iv
from app.server import access
from app.session import address, choices, explanations, lab, models
from app.session.scene import Scene
from app.widgets import answers, choice, heading, messages, page_link
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture import GoogLeNetConfig, decode, encode
from inception_viz.batch import MAX_PHOTOS
from inception_viz.export import save_code, save_onnx
from inception_viz.figures import percent
from inception_viz.sources import save_weights
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
        _accuracy(scene, done)
        _destinations(done.classifier)


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
            seen = heading.scene_in(scene, model)
            answers.show(seen, seen.trace, "main")


def _accuracy(scene: Scene, done: Operation) -> None:
    """How often both networks are right about a folder of photos."""
    with st.expander("Accuracy on a folder of photos", icon=":material/folder_open:"):
        if not access.folders_allowed():
            st.caption(access.NO_FOLDERS)
            return
        folder = st.text_input(
            "A folder on this computer, one folder per class; up to "
            f"{MAX_PHOTOS} photos are looked at",
            key="lab_accuracy",
            placeholder="/home/me/photos",
        ).strip()
        if not folder:
            return
        with messages.errors():
            job = explanations.accuracy(scene.base, done.classifier, folder)
            found = wait_for("lab_accuracy_job", job, "Both networks look at the photos …")
            if found is None:
                return
            if not found.photos:
                st.warning(f"None of the {found.unreadable} files could be read as a photo.")
                return
            before, after = (percent(right / found.photos) for right in found.right)
            order = " The folders were taken for the classes in their order." * found.in_order
            lost = f" {found.unreadable} files could not be read." * bool(found.unreadable)
            st.markdown(
                f"Original: **{before}** right. Rebuilt: **{after}** right. "
                f"{found.photos} photos.{order}{lost}"
            )


def _destinations(model: iv.Classifier) -> None:
    """Where the rebuilt network can go: to every page, into a training, into a file."""
    using, weights = lab.in_use(), model.weights
    with st.container(horizontal=True, gap="small"):
        st.button(
            "In use on every page" if using else "Use it on every page",
            icon=":material/done_all:",
            on_click=choices.choose,
            args=(address.REBUILT, "rebuilt"),
            disabled=using,
        )
        if st.button("Train it", icon=":material/model_training:"):
            lab.config.set(model.config)
            page_link.go("train")
        with st.popover("Save it …", icon=":material/download:"):
            for label, name, write in (
                ("Weights (safetensors)", "googlenet.safetensors", partial(save_weights, weights)),
                ("ONNX", "googlenet.onnx", partial(save_onnx, model)),
                ("PyTorch code and weights (ZIP)", "googlenet.zip", partial(save_code, model)),
            ):
                st.download_button(
                    label,
                    partial(_file, write),
                    name,
                    on_click="ignore",
                    width="stretch",
                    key=f"save_{name}",
                )


def _file(write: partial[None]) -> bytes:
    """The bytes that ``write`` puts into a file, when somebody asks for them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        return path.read_bytes()
