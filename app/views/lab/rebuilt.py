"""The rebuilt network: what became of the weights, both answers, and where to take it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

import streamlit as st

import inception_viz as iv
from app.server import folders
from app.session import address, explanations, lab, models
from app.session.scene import Scene
from app.widgets import answers, choice, messages, other_model, page_link
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.text import decode, encode
from inception_viz.batch import MAX_PHOTOS
from inception_viz.export import save_code, save_onnx
from inception_viz.figures.answers import percent
from inception_viz.sources.file import save_weights
from inception_viz.surgery import Keep, Operation

_KEEP: dict[Keep, str] = {"norm": "longest weights", "activation": "most active"}
_KEEP_HELP = (
    "Where there are fewer filters than before, which stay: those with the longest weights, or "
    "those that are most active over the reference photos."
)


def remember(config: GoogLeNetConfig, origins: Mapping[str, str | None]) -> None:
    """Rebuild this network from now on."""
    lab.set_architecture(encode(config), origins)
    lab.set_built(True)


def show(scene: Scene) -> None:
    """Draw the rebuilt network beside the original, if there is one."""
    text = lab.architecture()
    if not text or not lab.built():
        return
    st.subheader("Rebuilt", anchor=False)
    with messages.errors():
        keep = choice.show("keep", "Filters that stay", _KEEP, help=_KEEP_HELP)
        config = decode(text)
        done = result_of(models.rebuilt(scene.base, text, lab.origins(config), keep))
        _report(done, scene)
        _answers(scene, done)
        _accuracy(scene, done)
        _take_home(done.classifier)


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


def _accuracy(scene: Scene, done: Operation) -> None:
    with st.expander("Accuracy on a folder of photos", icon=":material/folder_open:"):
        if not folders.allowed():
            st.caption(folders.REFUSED)
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
            before, after = (percent(right / max(found.photos, 1)) for right in found.right)
            order = " The folders were taken for the classes in their order." * found.in_order
            lost = f" {found.unreadable} files could not be read." * bool(found.unreadable)
            st.markdown(
                f"Original: **{before}** right. Rebuilt: **{after}** right. "
                f"{found.photos} photos.{order}{lost}"
            )


def _take_home(model: iv.Classifier) -> None:
    using = st.session_state.get(address.REBUILT) == "rebuilt"
    with st.container(horizontal=True, gap="small"):
        st.button(
            "In use on every page" if using else "Use it on every page",
            icon=":material/done_all:",
            on_click=_use,
            disabled=using,
        )
        config = model.config  # not the model: what a callback gets stays as long as the session
        st.button("Train it", icon=":material/model_training:", on_click=_train, args=(config,))
        with st.popover("Save it …", icon=":material/download:"):
            for label, name, write in (
                ("Weights (safetensors)", "googlenet.safetensors", _weights),
                ("ONNX", "googlenet.onnx", save_onnx),
                ("PyTorch code and weights (ZIP)", "googlenet.zip", save_code),
            ):
                st.download_button(
                    label,
                    lambda write=write: _file(model, write),  # type: ignore[misc]
                    name,
                    on_click="ignore",
                    width="stretch",
                    key=f"save_{name}",
                )
    if st.session_state.pop("lab_to_train", False):
        page_link.go("train")


def _use() -> None:
    st.session_state[address.REBUILT] = "rebuilt"


def _train(config: GoogLeNetConfig) -> None:
    st.session_state[lab.CONFIG] = config
    st.session_state["lab_to_train"] = True


def _weights(model: iv.Classifier, path: Path) -> None:
    save_weights(model.weights, path)


def _file(model: iv.Classifier, write: object) -> bytes:
    """The bytes that ``write`` makes of a model, when somebody asks for them."""
    assert callable(write)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(model, path)
        return path.read_bytes()
