"""The lab's tools: presets, undo, what lies around the modules, files in and out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, get_args
from zlib import crc32

import streamlit as st

import inception_viz as iv
from app.views.lab import editing
from app.views.lab.editing import Draft, Row
from app.widgets import messages
from inception_viz.architecture.config import (
    HEAD_NAMES,
    AuxHeadConfig,
    GoogLeNetConfig,
    Kernel5x5,
    Norm,
    StemConfig,
)
from inception_viz.architecture.text import read_rows, to_csv
from inception_viz.figures.diagram import network_diagram
from inception_viz.files.wording import shown

T = TypeVar("T")
_PRESETS: dict[str, Callable[[], GoogLeNetConfig]] = {
    "The paper": GoogLeNetConfig.paper,
    "torchvision's": GoogLeNetConfig.torchvision,
    "Naive modules": GoogLeNetConfig.naive,
    "Half width": GoogLeNetConfig.half_width,
    "No 5×5 branch": GoogLeNetConfig.without_5x5,
    "No pool projection": GoogLeNetConfig.without_projection,
}
_KERNELS: dict[Kernel5x5, str] = {"5": "5×5", "3": "3×3", "3+3": "3×3 twice"}
_NORMS: dict[Norm, str] = {"lrn": "LRN in the stem", "batch": "batch norm", "none": "none"}


def tools(base: iv.Classifier, draft: Draft) -> None:
    """Buttons in front of the table."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.button(
            "Reset to the model",
            icon=":material/restart_alt:",
            on_click=_reset,
            args=(base.config,),
            key="lab_reset",
        )
        with st.popover("Start from …", icon=":material/dashboard_customize:"):
            for name, build in _PRESETS.items():
                st.button(name, on_click=_preset, args=(base.config, build()), width="stretch")
            _files(base, draft)


# Callbacks get no model: Streamlit keeps their arguments until the session ends.
def _reset(own: GoogLeNetConfig) -> None:
    editing.take(editing.draft_of(own, tuple(own.modules)))


def _preset(own: GoogLeNetConfig, config: GoogLeNetConfig) -> None:
    """A preset with the model's classes, norm and input, so that its weights fit where they can."""
    config = replace(config, classes=own.classes, norm=own.norm, input_size=own.input_size)
    editing.take(editing.draft_of(config, tuple(own.modules)))


def _files(base: iv.Classifier, draft: Draft) -> None:
    file = st.file_uploader("Or a file: JSON of a network, CSV of its modules", key="lab_file")
    if file is None or st.session_state.get("lab_file_taken") == file.file_id:
        return
    with messages.errors():
        text = _text(file.getvalue())
        if text.lstrip().startswith("{"):
            config = GoogLeNetConfig.from_json(text)
            taken = editing.draft_of(config, tuple(base.config.modules))
        else:
            taken = _from_table(text, draft)
        editing.take(taken)
        st.session_state["lab_file_taken"] = file.file_id
        st.rerun()


def _text(content: bytes) -> str:
    try:
        return content[:200_001].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise iv.ConfigError(
            "That file is no text. Use the JSON or CSV that the lab saves."
        ) from error


def _from_table(text: str, draft: Draft) -> Draft:
    rows = []
    names = draft.names
    for place, (name, cells) in enumerate(read_rows(text)):
        known = name or (names[place] if place < len(names) else "5x")
        if known[0] not in "345":
            raise iv.ConfigError(f'There is no stage for a module called "{shown(known, 20)}".')
        rows.append(Row(int(known[0]), tuple(cells), known if known in names else ""))
    if not rows:
        raise iv.ConfigError("There are no modules in that file.")
    return Draft(tuple(sorted(rows, key=lambda row: row.stage)), draft.frame)


def frame(draft: Draft) -> Draft:
    """What lies around the modules: kernels, norm, stem, heads. Returns the draft with it."""
    config = draft.frame
    with st.expander("Stem, kernels, norm and heads", icon=":material/settings:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            kernel = _choice("5×5 branch", _KERNELS, config.kernel_5x5, config)
            norm = _choice("Normalisation", _NORMS, config.norm, config)
        with middle:
            stem = StemConfig(
                _number("conv 7×7, filters", config.stem.conv1, config),
                _number("conv 1×1 reduce, filters", config.stem.conv2_reduce, config),
                _number("conv 3×3, filters", config.stem.conv2, config),
            )
        with right:
            aux1 = _head("aux1", config.aux1, draft)
            aux2 = _head("aux2", config.aux2, draft)
    changes: dict[str, object] = {
        "kernel_5x5": kernel,
        "norm": norm,
        "stem": stem,
        "aux1": aux1,
        "aux2": aux2,
    }
    if all(getattr(config, name) == value for name, value in changes.items()):
        return draft
    with messages.errors():
        # Heads may attach to rows that were just added, so the whole table is what must fit.
        whole = editing.meaning(draft).config or config
        changed = Draft(draft.rows, replace(whole, **changes))  # type: ignore[arg-type]
        editing.take(changed)
        return changed
    return draft


def _key(name: str, config: GoogLeNetConfig) -> str:
    """Another widget only when something other than this page's own widgets changed the frame."""
    frame = (config.kernel_5x5, config.norm, config.stem, config.aux1, config.aux2)
    return f"lab_{name}_{crc32(repr(frame).encode()):x}"


def _choice(label: str, names: dict[T, str], value: T, config: GoogLeNetConfig) -> T:
    chosen = st.segmented_control(
        label,
        list(names),
        default=value,
        required=True,
        format_func=names.__getitem__,
        key=_key(label, config),
    )
    return value if chosen is None else chosen


def _number(label: str, value: int, config: GoogLeNetConfig) -> int:
    return int(st.number_input(label, 1, 4096, value, key=_key(label, config)))


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


def downloads(config: GoogLeNetConfig) -> None:
    """The network as files."""
    for label, text, name, kind in (
        ("JSON", config.to_json(indent=1), "network.json", "application/json"),
        ("CSV", to_csv(config), "modules.csv", "text/csv"),
        ("SVG", network_diagram(config), "network.svg", "image/svg+xml"),
    ):
        st.download_button(
            label, text, name, kind, icon=":material/download:", on_click="ignore",
            key=f"lab_save_{label}",
        )  # fmt: skip


assert set(_KERNELS) == set(get_args(Kernel5x5))
assert set(_NORMS) == set(get_args(Norm))
