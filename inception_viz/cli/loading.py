"""Weights for a command, with what must be said about them."""

from __future__ import annotations

import sys
from typing import Any

import inception_viz as iv


def loaded(source: str, **options: Any) -> iv.Classifier:
    """As :func:`inception_viz.load`; weights that stand in for others are named on stderr.

    Raises:
        WeightsError: as :func:`inception_viz.load` does.
    """
    classifier = iv.load(source, **options)
    if classifier.weights.trouble:
        print(f"note: {classifier.weights.trouble}", file=sys.stderr)
    return classifier
