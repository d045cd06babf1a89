"""Figures on paper: PNG, JPEG or SVG files, drawn with matplotlib."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from inception_viz.architecture.config import BRANCHES
from inception_viz.explain.contributions import METHODS, Contributions
from inception_viz.explain.grad_cam import Cams
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES
from inception_viz.figures.photo import overlay, photo_with_frame
from inception_viz.figures.words import percent, short_number
from inception_viz.files.cache import atomic_write
from inception_viz.trace import Trace


def save_contributions(scores: Contributions, path: Path) -> None:
    """The scores as bars, module by module, with their check.

    Raises:
        FileError: if the file can't be written.
    """
    _write(_bars(scores), path)


def contributions_svg(scores: Contributions) -> str:
    """The same as SVG; letters are drawn, so it looks the same everywhere."""
    buffer = io.StringIO()
    canvas = _bars(scores)
    FigureCanvasSVG(canvas)
    canvas.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _bars(scores: Contributions) -> Figure:
    canvas = Figure(figsize=(11, 4.6), layout="constrained")
    axes = canvas.add_subplot()
    places = np.arange(len(scores.modules))
    for column, branch in enumerate(BRANCHES):
        axes.bar(
            places + (column - 1.5) * 0.2,
            np.nan_to_num(scores.values[:, column]),
            width=0.19,
            color=BRANCH_COLOURS[branch],
            label=BRANCH_NAMES[branch],
        )
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.set_xticks(places, list(scores.modules))
    axes.set_ylabel(f"score ({scores.unit})")
    axes.set_xlabel("module")
    title = f"{METHODS[scores.method].title}: {scores.label}"
    axes.set_title(title, loc="left", weight="bold", parse_math=False)
    axes.legend(ncols=4, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    canvas.supxlabel(_check(scores), fontsize=8, x=0.01, ha="left", parse_math=False)
    return canvas


def _check(scores: Contributions) -> str:
    instead = "zeros" if scores.baseline == "zero" else "its usual level"
    words = f"z(all) = {short_number(scores.value)}; a branch left out puts out {instead}. "
    if np.isnan(scores.gap).all():
        return words + "No such property as a sum to check."
    relative = scores.relative_gap[np.isfinite(scores.relative_gap)]
    if not len(relative):
        return words + "No module is worth anything."
    return words + (
        f"Largest gap of a module's sum to z(all) − z(none): {percent(float(relative.max()))}."
    )


def save_strip(trace: Trace, cams: Cams, path: Path) -> None:
    """The photo and every module's map over it, each on its own scale.

    Raises:
        FileError: if the file can't be written.
    """
    pictures = [("what it sees", photo_with_frame(trace.picture, trace.fitting, side=320))]
    for module in cams:
        title = f"{module}, 0 to {short_number(float(cams[module].max()))}"
        pictures.append((title, overlay(trace.picture, trace.fitting, cams[module], side=320)))
    columns = min(len(pictures), 5)
    rows = -(-len(pictures) // columns)
    width, height = pictures[0][1].size
    canvas = Figure(
        figsize=(columns * 2.2, rows * (2.2 * height / width + 0.3) + 0.4), layout="constrained"
    )
    for place, (title, picture) in enumerate(pictures, start=1):
        axes = canvas.add_subplot(rows, columns, place)
        axes.imshow(np.asarray(picture))
        axes.set_title(title, fontsize=9)
        axes.axis("off")
    title = f"Where each module looks: {cams.target.describe(trace.labels)}"
    canvas.suptitle(title, fontsize=11, parse_math=False)
    _write(canvas, path)


def _write(canvas: Figure, path: Path) -> None:
    FigureCanvasAgg(canvas)
    with atomic_write(path) as temporary:
        canvas.savefig(temporary, format=path.suffix[1:].lower(), dpi=150)
