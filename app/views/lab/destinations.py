"""Where the rebuilt network can go: to every page, into a training, into a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

import inception_viz as iv
from app.session import address, choices, lab
from app.widgets import page_link
from inception_viz.export import save_code, save_onnx
from inception_viz.sources import save_weights


def show(model: iv.Classifier) -> None:
    """Draw the buttons."""
    using = lab.in_use()
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


def _weights(model: iv.Classifier, path: Path) -> None:
    save_weights(model.weights, path)


def _file(model: iv.Classifier, write: object) -> bytes:
    """The bytes that ``write`` makes of a model, when somebody asks for them."""
    assert callable(write)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(model, path)
        return path.read_bytes()
