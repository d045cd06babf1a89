"""A file of weights that the user brought, and what it leaves unsaid."""

from __future__ import annotations

import re
from zlib import crc32

import streamlit as st

import inception_viz as iv
from app.session import models, uploads
from app.session.models import Said
from app.widgets import messages, uploader
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.architecture import INPUT_SIZES
from inception_viz.pictures import CAFFE, IMAGENET, TORCHVISION, Preprocessing
from inception_viz.sources import SUFFIXES, parse_labels

_PLACE = "weights_file"
_MEGABYTES = 256  # a checkpoint holds copies and the state of its optimiser
_OWN = "own"
_WAYS: dict[str, tuple[str, Preprocessing]] = {
    "torchvision": ("−1 … 1 (torchvision)", TORCHVISION),
    "imagenet": ("ImageNet's mean", IMAGENET),
    "unit": ("0 … 1", Preprocessing((0.0, 0.0, 0.0))),
    "caffe": ("Caffe: BGR, minus a mean", CAFFE),
}
_LOST = (
    "This view was made with a file of weights, which no link and no reload can keep. Choose it "
    "again."
)


def name() -> str | None:
    """What the file is called that this session still has; None if there is none."""
    job = uploads.kept(_PLACE)
    if job is None or not job.finished.is_set() or job.error is not None:
        return None
    title: str = job.outcome().title
    return title


def show() -> iv.Classifier | None:
    """Draw the uploader and the questions that a file leaves; the model, if there is one."""
    # No type= here: its refusal would be terser than the library's.
    file = uploader.file(
        f"One file of a GoogLeNet's weights, up to {_MEGABYTES} MB",
        key=_PLACE,
        max_upload_size=_MEGABYTES,
        help=f"One file; its content counts, not its name ({', '.join(SUFFIXES)} …): a checkpoint "
        "of PyTorch, safetensors, a caffemodel, ONNX, a frozen TensorFlow graph.",
    )
    with messages.errors():
        if file is not None:
            if file.size > _MEGABYTES * 2**20:  # the browser's check can be left out
                raise iv.WeightsError(f"{file.name} is larger than {_MEGABYTES} MB.")
            key = f"weights_copy_{file.file_id}"
            base = result_of(models.of_file(_PLACE, file, st.session_state.get(key)))
            _ask_copy(key, base)
        elif (held := uploads.kept(_PLACE)) is not None:
            base = result_of(held)
            st.caption(f"{plain(base.title)} is still here. Another file takes its place.")
        else:
            if "model" in st.query_params:
                st.info(_LOST, icon=":material/draft:")
            return None
        return result_of(models.as_said(base, said)) if (said := _ask(base)) != Said() else base
    return None


def _ask_copy(key: str, base: iv.Classifier) -> None:
    """Which of several copies in a checkpoint."""
    copies = sorted(base.weights.copies)
    if len(copies) > 1:
        st.selectbox(
            "The file has several copies of the network",
            copies,
            index=copies.index(base.weights.copies[0]),
            format_func=lambda place: place or "the outermost",
            key=key,
        )


def _ask(base: iv.Classifier) -> Said:
    """What the file doesn't say: class names, and how its pictures are prepared."""
    labels = _ask_labels(base.config.classes) if "labels" in base.weights.assumed else None
    prepared, size = base.preprocessing, base.config.input_size
    if "preprocessing" in base.weights.assumed:
        with st.expander("How its pictures are prepared"):
            st.caption("The file doesn't say it. If this is wrong, so are the answers.")
            of_this = f"{crc32(base.key.encode()):x}"  # answers belong to one file
            prepared = _ask_preprocessing(base.preprocessing, of_this)
            smallest, largest = INPUT_SIZES[0], INPUT_SIZES[-1]
            size = int(
                st.number_input(
                    "Input size (px)", smallest, largest, size, key=f"weights_size_{of_this}"
                )
            )
    return Said(
        labels,
        None if prepared == base.preprocessing else prepared,
        None if size == base.config.input_size else size,
    )


def _ask_labels(classes: int) -> tuple[str, ...] | None:
    file = uploader.file(
        f"One file with the names of its {classes} classes, if you have them"
        if classes > 1
        else "One file with the name of its class",
        key="weights_labels",
        max_upload_size=4,
        help="One file: text with one name a line, or JSON: a list, or names with their numbers.",
    )
    if file is None:
        return None
    with messages.errors():
        labels = parse_labels(file.getvalue(), file.name)
        if len(labels) != classes:
            raise iv.WeightsError(
                f"{file.name} has {len(labels)} names, but the network has {classes} classes. Give "
                "one for each."
            )
        return labels
    return None


def _ask_preprocessing(assumed: Preprocessing, of_this: str) -> Preprocessing:
    titles = {way: title for way, (title, _) in _WAYS.items()} | {_OWN: "Something else …"}
    usual = next((way for way, (_, one) in _WAYS.items() if one == assumed), _OWN)
    way = st.selectbox(
        "Values and channels",
        list(titles),
        index=list(titles).index(usual),
        format_func=titles.__getitem__,
        key=f"weights_way_{of_this}",
    )
    if way != _OWN:
        return _WAYS[way][1]
    ranges = ["0 … 1", "0 … 255"]
    largest = st.segmented_control("Pixels are", ranges, default=ranges[0], required=True)
    channels = st.segmented_control("Channels", ["RGB", "BGR"], default="RGB", required=True)
    mean = _three("Minus (one number a channel)", "0.485 0.456 0.406", "weights_mean")
    std = _three("Divided by", "0.229 0.224 0.225", "weights_std")
    if not all(1e-4 <= abs(value) <= 1e4 for value in std):
        raise iv.WeightsError("Pixels can't be divided by numbers so near to 0, or so large.")
    scale = 1 / 255 if largest == ranges[0] else 1.0
    return Preprocessing(mean, std, scale, "BGR" if channels == "BGR" else "RGB")


def _three(label: str, default: str, key: str) -> tuple[float, float, float]:
    text = st.text_input(label, default, key=key)
    try:
        first, second, third = (float(part) for part in re.split(r"[\s;,]+", text.strip()))
    except ValueError as error:
        raise iv.WeightsError(
            f"{label}: three numbers are needed, with spaces between them, such as {default}."
        ) from error
    if not all(abs(value) <= 1e4 for value in (first, second, third)):
        raise iv.WeightsError(f"{label}: the numbers must lie between −10,000 and 10,000.")
    return first, second, third
