"""Source ``imagenette``: our own small model, in the repository, so that nothing is downloaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inception_viz.errors import WeightsError
from inception_viz.sources.base import Source, Weights
from inception_viz.sources.file import load_file

FILE = Path(__file__).parents[2] / "assets" / "weights" / "imagenette.safetensors"
CARD = FILE.with_suffix(".md")


def load() -> Weights:
    """The weights, with the firing measured over Imagenette's validation photos.

    Raises:
        WeightsError: if the file isn't there, as in an installation without the repository.
    """
    if not FILE.is_file():
        raise WeightsError(
            f"The bundled model is not at {FILE}. Use a complete copy of the repository."
        )
    weights = load_file(FILE)
    names = ", ".join(weights.labels[:-1]) + f" and {weights.labels[-1]}"
    note = (
        f"It knows ten classes and nothing else: {names}. Any photo gets one of these answers; "
        "BVLC GoogLeNet knows a thousand."
    )
    return replace(weights, notes=(note, *weights.notes))


SOURCE = Source(
    id="imagenette",
    title="Imagenette GoogLeNet",
    summary="Our own, bundled: the paper's network with batch norm, trained from scratch on ten "
    "classes of ImageNet together with both auxiliary heads.",
    load=load,
    available=FILE.is_file,
)
