"""What lies around the modules: kernels, norm, stem, heads."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, get_args
from zlib import crc32

import streamlit as st

from app.session import lab_history
from app.session.lab_draft import Draft, meaning
from app.widgets import messages
from inception_viz.architecture import (
    HEAD_NAMES,
    AuxHeadConfig,
    GoogLeNetConfig,
    Kernel5x5,
    LrnConfig,
    Norm,
    Padding,
    StemConfig,
)

T = TypeVar("T")
_KERNELS: dict[Kernel5x5, str] = {"5": "5×5", "3": "3×3", "3+3": "3×3 twice"}
_NORMS: dict[Norm, str] = {"lrn": "LRN in the stem", "batch": "batch norm", "none": "none"}
assert set(_KERNELS) == set(get_args(Kernel5x5))
assert set(_NORMS) == set(get_args(Norm))
_LRNS = {"Caffe's": LrnConfig(), "Inception 5h's": LrnConfig(11, 11e-4, 0.5, 2.0)}
_LRN_HELP = (
    "x / (k + α/n · Σ x² over n channels)^β. Caffe: n 5, α 0.0001, β 0.75, k 1; Inception 5h: "
    "n 11, α 0.0011, β 0.5, k 2."
)
_PADDINGS: dict[Padding, str] = {"even": "even", "same": "TensorFlow's"}
assert set(_PADDINGS) == set(get_args(Padding))
_PADDING_HELP = (
    "Even: as many zeros on all sides, and pools round up. TensorFlow's: what a stride leaves over "
    "goes to the right and the bottom."
)


def show(draft: Draft) -> Draft:
    """Draw the choices; the draft with them."""
    config = draft.frame
    changes: dict[str, object] = {}
    with st.expander("Stem, kernels, norm and heads", icon=":material/settings:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            changes["kernel_5x5"] = _choice("5×5 branch", _KERNELS, config.kernel_5x5, config)
            changes["norm"] = _choice("Normalisation", _NORMS, config.norm, config)
            if config.norm == "lrn":
                changes["lrn"] = _lrn(config)
            changes["padding"] = _choice(
                "Padding", _PADDINGS, config.padding, config, _PADDING_HELP
            )
        with middle:
            changes["stem"] = StemConfig(
                _number("conv 7×7, filters", config.stem.conv1, config),
                _number("conv 1×1 reduce, filters", config.stem.conv2_reduce, config),
                _number("conv 3×3, filters", config.stem.conv2, config),
            )
        with right:
            changes["aux1"] = _head("aux1", config.aux1, draft)
            changes["aux2"] = _head("aux2", config.aux2, draft)
    if all(getattr(config, name) == value for name, value in changes.items()):
        return draft
    with messages.errors():
        # Heads may attach to rows that were just added, so the whole table is what must fit.
        whole = meaning(draft).config or config
        changed = Draft(draft.rows, replace(whole, **changes))  # type: ignore[arg-type]
        lab_history.take(changed)
        st.rerun()  # with widgets of the changed frame: the next choice must not be lost
    return draft


def _key(name: str, config: GoogLeNetConfig) -> str:
    """Another widget only when something other than this page's own widgets changed the frame."""
    around = (config.kernel_5x5, config.norm, config.lrn, config.padding, config.stem)
    frame = (*around, config.aux1, config.aux2)
    return f"lab_{name}_{crc32(repr(frame).encode()):x}"


def _choice(
    label: str, names: dict[T, str], value: T, config: GoogLeNetConfig, why: str | None = None
) -> T:
    chosen = st.segmented_control(
        label,
        list(names),
        default=value,
        required=True,
        format_func=names.__getitem__,
        key=_key(label, config),
        help=why,
    )
    return value if chosen is None else chosen


def _number(label: str, value: int, config: GoogLeNetConfig) -> int:
    return int(st.number_input(label, 1, 4096, value, key=_key(label, config)))


def _lrn(config: GoogLeNetConfig) -> LrnConfig:
    """Whose constants; others, as a file may bring them, stay and can be chosen again."""
    named = _LRNS if config.lrn in _LRNS.values() else _LRNS | {"its own": config.lrn}
    now = next(name for name, constants in named.items() if constants == config.lrn)
    names = {name: name for name in named}
    return named[_choice("Its constants", names, now, config, _LRN_HELP)]


def _head(name: str, head: AuxHeadConfig | None, draft: Draft) -> AuxHeadConfig | None:
    options = ["none", *draft.names]
    after = head.after if head else "none"
    chosen = st.selectbox(
        f"{HEAD_NAMES[name].capitalize()}, after",
        options,
        index=options.index(after) if after in options else 0,
        key=_key(name, draft.frame),
    )
    if chosen == "none":
        return None
    return replace(head, after=chosen) if head else AuxHeadConfig(after=chosen)
