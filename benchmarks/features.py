"""What channels look for: how long photos, painted pictures and tests take, and whether they hold.

    python benchmarks/features.py index --photos FOLDER
    python benchmarks/features.py painting --photos FOLDER
    python benchmarks/features.py branches colours concepts --photos FOLDER

Index: of every photo in the folder, in one process; its strongest photos beside those of single
traces of 200 of them. Painting: random channels of every module in the atlas and their checks; each
model is judged by the other. Shuffled: a quarter of the pictures beside the photos of other
channels. Branches: how long the tests take, and how many branches differ. Colours: the root of the
covariance that `features/canvas.py` uses. Concepts: textures made by code, told apart on what was
left out; how often random groups of photos come out as a concept; how long one takes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import inception_viz as iv
from benchmarks.harness import DATA, Row, measure
from inception_viz.architecture import Place
from inception_viz.features import (
    Examples,
    Texture,
    atlas_of,
    averages,
    others,
    pictures_of,
    reached,
    textures,
    transfer,
)

MODELS = ("bvlc", "imagenette")
COMPARED = 200
AT_ONCE = 8  # paintings that are timed
POOL, TRIALS = 400, 200  # photos for random groups
TEXTURES: tuple[Texture, ...] = get_args(Texture)


def indexed(options: argparse.Namespace, model: str, folder: str) -> tuple[iv.Classifier, iv.Index]:
    """A model and its index of the photos."""
    classifier = iv.load(model)
    index = iv.index(classifier, options.photos, Path(folder) / f"{model}.npz")
    assert index is not None
    return classifier, index


def index(options: argparse.Namespace) -> Iterator[Row]:
    """How long an index takes, and whether it is right."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        classifier, found = indexed(options, "bvlc", folder)
        taken = time.perf_counter() - started
        size = (Path(folder) / "bvlc.npz").stat().st_size
    claim = "≤ 240" if len(found.pictures) == 3925 else ""
    yield Row("index of all photos", taken, "s", claim, f"{len(found.pictures):,} photos")
    yield Row("its file", size / 1e6, "MB", "≤ 3")
    chosen = list(found.pictures)[:: max(len(found.pictures) // COMPARED, 1)][:COMPARED]
    few = iv.index(classifier, [Path(options.photos) / name for name in chosen])
    assert few is not None
    highest: dict[str, list[np.ndarray]] = {layer: [] for layer in few.layers}
    for name in chosen:
        trace = classifier.trace(Path(options.photos) / name)
        for layer in highest:
            highest[layer].append(trace.layer(layer).amax((1, 2)).numpy())
    expected = np.concatenate([np.max(rows, axis=0) for rows in highest.values()])
    wrong = np.abs(few.tables["value"][:, 0] - expected) / np.maximum(expected, 1e-3)
    yield Row(f"largest difference on {len(chosen)} photos", float(wrong.max()), "", "≤ 1e-3")


def painting(options: argparse.Namespace) -> Iterator[Row]:
    """Random channels of every module in the atlas: how strong, how like photos, how long."""
    for model, other in zip(MODELS, reversed(MODELS), strict=True):
        if model not in options.models.split(","):
            continue
        judge = iv.load(other)
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            classifier, found = indexed(options, model, folder)
        yield Row(f"{model}: index", time.perf_counter() - started, "s")
        choose = random.Random(options.seed)
        for module, layers in classifier.network.modules_by_name.items():
            every = [
                Place(module, b, c) for b, width in layers.widths.items() for c in range(width)
            ]
            places = choose.sample(every, min(options.channels, len(every)))
            yield from _painted(classifier, found, judge, module, places)


def _painted(
    classifier: iv.Classifier,
    found: iv.Index,
    judge: iv.Classifier,
    module: str,
    places: list[Place],
) -> Iterator[Row]:
    atlas, name = atlas_of(classifier), f"{classifier.source}, {module}"
    tiles = {str(place): atlas.tile(place) for place in places}
    painted = {place: tile for place, tile in tiles.items() if tile is not None}
    known = [reached(tile.activation, place, found) for place, tile in painted.items()]
    shares = [share for share in known if share is not None]
    strong = 100 * float(np.mean([share >= 1 for share in shares]))
    claim = "≥ 90" if name == "bvlc, 4c" else ""
    note = f"median {median(shares):.2f}, {len(painted)} pictures"
    yield Row(f"{name}: reach the best photo", strong, "%", claim, note)
    grey = [not tile.shows_something for tile in painted.values()]
    yield Row(f"{name}: grey or silent", 100 * float(np.mean(grey)), "%", "≤ 2")
    like = [transfer(tile.image, place, found, judge) for place, tile in painted.items()]
    turned = [*list(painted)[1:], *list(painted)[:1]]
    pairs = [*zip(painted.values(), turned, strict=True)][::4]
    others = [transfer(tile.image, place, found, judge) for tile, place in pairs]
    near, shuffled = (
        100 * float(np.mean([share for share in of if share is not None])) for of in (like, others)
    )
    yield Row(f"{name}: nearer to strong crops", near, "%", "", f"shuffled {shuffled:.0f} %")
    layer = str(places[0]).rpartition(":")[0]
    same = [str(place) for place in places if str(place).startswith(f"{layer}:")][:AT_ONCE]
    started = time.perf_counter()
    pictures_of(classifier, same, size=96)
    taken = (time.perf_counter() - started) / len(same)
    yield Row(f"{name}: one picture", taken, "s", "", f"of {len(same)} at once, 96 pixels")


def branches(_options: argparse.Namespace) -> Iterator[Row]:
    """How long the tests take, and what they find."""
    for model in MODELS:
        classifier = iv.load(model)
        started = time.perf_counter()
        tests = iv.specialisation(classifier).tests
        taken = time.perf_counter() - started
        differ = [f"{test.module} {test.family}" for test in tests if test.significant]
        yield Row(f"{model}: {len(tests)} tests of branches", taken, "s", "≤ 60", ", ".join(differ))


def concepts(options: argparse.Namespace) -> Iterator[Row]:
    """Whether textures are found and chance isn't."""
    photos = sorted(p for p in Path(options.photos).rglob("*.JPEG"))
    some = random.Random(0).sample(photos, POOL)
    for model in options.models.split(","):
        classifier = iv.load(model)
        started = time.perf_counter()
        other = averages(classifier, others())
        waited = time.perf_counter() - started
        for kind in TEXTURES:
            beside = [image for k in TEXTURES if k != kind for image in textures(k, 5, seed=1)]
            started = time.perf_counter()
            found = iv.concept(classifier, textures(kind, 10), beside, other=other)
            taken = time.perf_counter() - started
            best = 100 * max(share for p, share in found.accuracy.items() if "/" not in p)
            note = f"found in {len(found.found)} of {len(found.accuracy)} places, best {found.best}"
            yield Row(f"{model}, {kind}: best module", best, "%", "≥ 95", note)
            middle = 100 * float(np.median(found.chance))
            yield Row(f"{model}, {kind}: random splits, best place", middle, "%", "", "median")
        yield Row(f"{model}: 10 and 10 photos", taken, "s", "", "others known")
        yield Row(f"{model}: the same, the first time", taken + waited, "s", "≤ 10")
        known = averages(classifier, some)
        false = sum(bool(_random_groups(classifier, known, trial).found) for trial in range(TRIALS))
        yield Row(f"{model}: false alarms", 100 * false / TRIALS, "%", "≤ 5", f"{TRIALS} trials")


def _random_groups(classifier: iv.Classifier, known: Examples, trial: int) -> iv.Concept:
    """Ten photos and ten others by lot, beside fifty more."""
    order = np.random.default_rng(trial).permutation(POOL)
    first, second, rest = order[:10], order[10:20], order[20:70]
    groups = [{place: rows[own] for place, rows in known.items()} for own in (first, second, rest)]
    return iv.concept(classifier, groups[0], groups[1], other=groups[2])


def colours(options: argparse.Namespace) -> Iterator[Row]:
    """Each entry of the root, columns one after another."""
    pixels = []
    for path in sorted(Path(options.photos).rglob("*.jpg")):
        image = iv.read_picture(path).image.resize((32, 32))
        pixels.append(np.asarray(image).reshape(-1, 3) / 255)
    directions, sizes, _ = np.linalg.svd(np.cov(np.concatenate(pixels).T))
    root = directions * np.sqrt(sizes)
    root /= np.linalg.norm(root, axis=0).max()
    for column, name in enumerate(("light", "red against blue", "green against magenta")):
        for row, colour in enumerate(("red", "green", "blue")):
            value = float(root[row, column])
            yield Row(f"{name}: {colour}", value, "", "", f"{len(pixels):,} photos")


if __name__ == "__main__":
    measure(
        __doc__,
        {
            "index": index,
            "painting": painting,
            "branches": branches,
            "colours": colours,
            "concepts": concepts,
        },
        photos=str(DATA),
        channels=64,
        models="bvlc,imagenette",
        seed=0,
    )
