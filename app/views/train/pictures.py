"""What to train on: a ZIP, a folder on this computer, a dataset."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.server import folders
from app.views.train import contents
from app.views.train.orders import Pictures
from app.widgets import choice
from inception_viz.files import typed_path
from inception_viz.training import look_at, look_into, root_of

_ZIP_MEGABYTES = 200
_ORIGINS = {
    "zip": "A ZIP of yours",
    "folder": "A folder on this computer",
    "imagenette": "Imagenette",
    "cifar10": "CIFAR-10",
}
_DOWNLOADS = {"imagenette": "99 MB from s3.amazonaws.com", "cifar10": "170 MB from cs.toronto.edu"}


def show() -> Pictures | None:
    """Draw the choice; None until there is something."""
    origins = dict(_ORIGINS)
    if not folders.allowed():
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
    file = st.file_uploader(
        f"ZIP of class folders, up to {_ZIP_MEGABYTES} MB",
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
