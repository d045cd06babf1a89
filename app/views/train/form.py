"""What a training begins with: pictures, a network, a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import streamlit as st

import inception_viz as iv
from app.server import access
from app.session import lab
from app.session.scene import found
from app.views.train import contents
from app.views.train.orders import Network, Pictures
from app.widgets import choice, messages, uploader
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.architecture import decode
from inception_viz.files import typed_path
from inception_viz.training import (
    PRESETS,
    Augmentation,
    Phase,
    Recipe,
    look_at,
    look_into,
    progressive,
    root_of,
)

_ZIP_MEGABYTES = 200
_ORIGINS = {
    "zip": "A ZIP of yours",
    "folder": "A folder on this computer",
    "imagenette": "Imagenette",
    "cifar10": "CIFAR-10",
}
_DOWNLOADS = {"imagenette": "99 MB from s3.amazonaws.com", "cifar10": "170 MB from cs.toronto.edu"}


def pictures() -> Pictures | None:
    """Draw the choice of pictures; None until there are some."""
    origins = dict(_ORIGINS)
    if not access.folders_allowed():
        del origins["folder"]
    origin = choice.show("train_origin", "Where they are", origins)
    if origin == "folder":
        path = st.text_input(
            "Folder",
            key="train_folder",
            placeholder="/home/me/photos",
            help="It holds one folder per class, or parts of the data (train, val, test in any "
            "spelling) with one folder per class each.",
        )
        if not path.strip():
            return None
        folder = typed_path(path.strip())
        splits, _ = contents.show(
            (path, _changed(folder)), lambda splits, _names: (look_at(folder, splits), "")
        )
        return Pictures(Path(path).name or "photos", source=path.strip(), splits=splits)
    if origin in _DOWNLOADS:
        if origin == "imagenette" and root_of(origin) is not None:
            st.caption("On this computer: 13,394 photos of ten ImageNet classes.")
            return Pictures(origin, source=origin)
        agreed = st.checkbox(
            f"Download it if it isn't on this computer ({_DOWNLOADS[origin]})",
            key=f"train_download_{origin}",
        )
        return Pictures(origin, source=origin, download=agreed)
    file = uploader.file(
        f"One ZIP of class folders, up to {_ZIP_MEGABYTES} MB",
        key="train_zip",
        max_upload_size=_ZIP_MEGABYTES,
        help="One folder per class; the folders' names become the labels. A fifth of each class is "
        "held out to judge by, unless there are folders for that. Pictures are known by their "
        "content; test folders are kept aside.",
    )
    if file is None:
        return None
    splits, names = contents.show(
        (file.file_id,), lambda splits, names: look_into(file, splits=splits, names=names)
    )
    return Pictures(Path(file.name).stem, archive=file, splits=splits, names=names)


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


_FILE = "file"
_LAB = "lab"


def network() -> Network | None:
    """Draw the choice of a network; None until there is one."""
    edited = lab.config()
    names = {_LAB: "The one from the architecture lab"} if edited else {}
    names |= {name: preset.title for name, preset in PRESETS.items()}
    names[_FILE] = "A JSON file of yours …"
    chosen = choice.select("train_network", "Architecture", names)
    if chosen == _LAB and edited is not None:
        return _from_lab(edited)
    if chosen != _FILE:
        st.caption(PRESETS[chosen].summary)
        return Network(PRESETS[chosen].build())
    file = uploader.file("Config: one JSON file", key="train_config", max_upload_size=1)
    if file is not None:
        with messages.errors():
            text = file.getvalue().decode("utf-8", "replace")
            return Network(iv.GoogLeNetConfig.from_json(text))
    return None


def _from_lab(config: iv.GoogLeNetConfig) -> Network:
    """The lab's network, with the weights that were carried over if it was rebuilt."""
    scene = found()
    text = lab.architecture()
    if scene is None or not text or not lab.built() or decode(text) != config:
        st.caption("It begins with random weights. Rebuild it in the lab to carry weights over.")
        return Network(config)
    carried = st.toggle(
        f"Begin with the weights of {plain(scene.base.title)} that were carried over",
        True,
        key="train_carried",
        help="What doesn't fit, such as a last layer for other classes, begins at random.",
    )
    job = lab.rebuilding(scene.base)
    return Network(config, (lambda: result_of(job).classifier.weights) if carried else None)


_SIZES = (32, 48, 64, 80, 96, 112, 128, 160, 192, 224)


def recipe() -> Recipe:
    """Draw the choices of how to train."""
    default = Recipe()
    epochs_at, size_at, weight_at = st.columns(3, gap="medium")
    with epochs_at:
        epochs = _whole_number("Epochs", 1, 1000, 30, "train_epochs")
    size = size_at.select_slider(
        "Picture size (px)",
        _SIZES,
        128,
        key="train_size",
        bind="query-params",
        help="Time grows with the square of it. The finished model looks at pictures of this size.",
    )
    weight = weight_at.slider(
        "Weight of each auxiliary loss",
        0.0,
        1.0,
        default.aux_weight,
        0.05,
        key="train_weight",
        bind="query-params",
        help="The paper uses 0.3. At 0 the auxiliary heads learn nothing.",
    )
    with st.expander("More"):
        left, middle, right = st.columns(3, gap="medium")
        small_first = left.toggle(
            "Smaller pictures first", True, key="train_progressive", bind="query-params"
        )
        batch = left.select_slider(
            "Pictures a step", (8, 16, 32, 64, 128), 32, key="train_batch", bind="query-params"
        )
        rate = middle.select_slider(
            "Peak learning rate",
            (0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2),
            0.05,
            key="train_rate",
            bind="query-params",
        )
        augmentation: Augmentation = middle.selectbox(
            "Augmentation", get_args(Augmentation), 1, key="train_augmentation", bind="query-params"
        )
        smoothing = right.slider(
            "Label smoothing", 0.0, 0.3, 0.1, 0.05, key="train_smoothing", bind="query-params"
        )
        with right:
            seed = _whole_number("Seed", 0, 10_000, 0, "train_seed")
    return Recipe(
        phases=progressive(size, epochs) if small_first else (Phase(size, epochs),),
        batch=batch,
        learning_rate=rate,
        aux_weight=weight,
        augmentation=augmentation,
        label_smoothing=smoothing,
        seed=seed,
    )


def _whole_number(label: str, low: int, high: int, default: int, key: str) -> int:
    """A count that a link keeps. As a float: Streamlit's input of whole ones fails on 1e999."""
    limits = float(low), float(high), float(default), 1.0
    return int(st.number_input(label, *limits, format="%.0f", key=key, bind="query-params"))
