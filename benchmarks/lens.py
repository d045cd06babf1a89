"""How well the read-outs of the bundled lenses repeat their networks, and how they are made.

    python benchmarks/lens.py agreement ranks --data FOLDER --photos FOLDER
    python -m inception_viz fit-lens bvlc FOLDER/imagenette2-160/train PHOTOS -o …

Agreement: after every module, how often the read-out's first choice is the network's, on the tenth
of the photos that was held out by name, and on Imagenette's validation photos, which it never saw
either. Ranks: the same at the middle of the network for read-outs of several ranks, fitted anew to
the other nine tenths. The modules' averages are kept in --work, so that killed work goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import inception_viz as iv
from benchmarks.harness import DATA, Row, measure
from inception_viz.explain import lens_of
from inception_viz.files import cache_dir
from inception_viz.training import (
    Averages,
    LensRecipe,
    averages_of,
    imagenette_folder,
    judged,
    lens_from,
    photos_in,
    unseen,
)

MODELS = ("bvlc", "imagenette")
LEAST = {"bvlc": "≥ 0.75", "imagenette": "≥ 0.95"}  # of the last read-out, on held-out photos
MIDDLE, RANKS = "4c", (4, 9, 32, 64, 128, 192)


@cache
def averages(model: str, part: str, data: Path, photos: Path, work: Path) -> Averages:
    """The modules' averages on the photos to ``learn`` from, to ``judge`` on, or to validate."""
    classifier, folder = iv.load(model), imagenette_folder(data)
    if part == "validate":
        chosen = photos_in(folder / "val")
    else:
        every = photos_in(folder / "train") + photos_in(photos)
        chosen = [path for path in every if unseen(path) == (part == "judge")]
    return averages_of(classifier, chosen, work / f"{model}-{part}")


def agreement(options: argparse.Namespace) -> Iterator[Row]:
    """Of the bundled read-outs."""
    for model in MODELS:
        classifier = iv.load(model)
        lens = lens_of(classifier)
        assert lens is not None
        layer, last = classifier.inference_network.classifier, list(lens.readouts)[-1]
        judge, validate = (
            averages(model, part, options.data, Path(options.photos), options.work)
            for part in ("judge", "validate")
        )
        *_, final = judge.modules
        for module, readout in lens.readouts.items():
            held, valid = (
                judged(readout, layer, of.modules[module], of.modules[final])
                for of in (judge, validate)
            )
            yield Row(
                f"{model}, {module}: same first choice",
                held.first,
                "",
                LEAST[model] if module == last else "",
                f"probability {held.apart:.3f} apart, {held.judged:,} photos; "
                f"validation {valid.first:.3f}, {valid.apart:.3f} apart, {valid.judged:,} photos",
            )


def ranks(options: argparse.Namespace) -> Iterator[Row]:
    """Of read-outs of several ranks, fitted anew."""
    for model in MODELS:
        classifier = iv.load(model)
        learn, judge = (
            averages(model, part, options.data, Path(options.photos), options.work)
            for part in ("learn", "judge")
        )
        *_, final = learn.modules
        learn, judge = (
            Averages({name: of.modules[name] for name in (MIDDLE, final)}, ())
            for of in (learn, judge)
        )
        for rank in (r for r in RANKS if r < len(classifier.labels)):
            fitted = lens_from(classifier, learn, judge, data="", recipe=LensRecipe(rank=rank))
            fit = fitted.readouts[MIDDLE].fit
            words = f"probability {fit.apart:.3f} apart, {fit.judged:,} photos"
            yield Row(
                f"{model}, {MIDDLE}, rank {rank}: same first choice", fit.first, "", "", words
            )


if __name__ == "__main__":
    measure(
        __doc__,
        {"agreement": agreement, "ranks": ranks},
        data=DATA,
        photos=DATA / "photos",
        work=cache_dir() / "bench-lens",
    )
