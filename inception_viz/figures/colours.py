"""The colours that mean something, the same on every figure."""

from __future__ import annotations

from functools import cache

import numpy as np
from plotly.colors import get_colorscale, sample_colorscale, unlabel_rgb

# Okabe–Ito, safe for colour-blind viewers.
BRANCH_COLOURS = {"1x1": "#0072B2", "3x3": "#E69F00", "5x5": "#009E73", "pool": "#CC79A7"}
BRANCH_NAMES = {"1x1": "1×1", "3x3": "3×3", "5x5": "5×5", "pool": "pool"}
STEM_COLOUR = "#6B7280"
# Not the branches' colours: a head is no branch.
HEAD_COLOURS = {"main": "#D55E00", "aux2": "#56B4E9", "aux1": "#8C6BB1"}

SEQUENTIAL = "Viridis"  # activations: from nothing to much
DIVERGING = "RdBu_r"  # signed quantities: zero is the neutral middle
HIGHER, LOWER = "#B2182B", "#2166AC"  # of that, as the colours of bars


@cache
def lookup_table(scale: str) -> np.ndarray:
    """256 colours of a plotly colour scale as uint8 (256, 3)."""
    colours = sample_colorscale(get_colorscale(scale), np.linspace(0, 1, 256).tolist())
    return np.array([unlabel_rgb(colour) for colour in colours]).round().astype(np.uint8)


def colourise(values: np.ndarray, scale: str = SEQUENTIAL) -> np.ndarray:
    """Values between 0 and 1 of any shape as uint8 colours (…, 3)."""
    index = (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
    coloured: np.ndarray = lookup_table(scale)[index]
    return coloured


def hex_colour(value: float, scale: str = SEQUENTIAL) -> str:
    """The colour of one value between 0 and 1, as ``#rrggbb``."""
    red, green, blue = colourise(np.array(value), scale)
    return f"#{red:02x}{green:02x}{blue:02x}"


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on ``colour`` (WCAG relative luminance)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"
