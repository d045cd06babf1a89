"""How to train: how long, on which size, how fast."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from inception_viz.training import Augmentation, Phase, Recipe, progressive

_SIZES = (32, 48, 64, 80, 96, 112, 128, 160, 192, 224)


def show() -> Recipe:
    """Draw the choices."""
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
