"""What channels look for: how long photos, painted pictures and tests take, and whether they hold.

    python benchmarks/features.py index --photos FOLDER
    python benchmarks/features.py painting --photos FOLDER
    python benchmarks/features.py branches colours concepts --photos FOLDER

Index: of every photo in the folder, in one process; its strongest photos beside those of single
traces of 200 of them. Painting: random channels of every module in the atlas and their checks; each
model is judged by the other. Shuffled: a quarter of the pictures beside the photos of other
channels. Branches: how long the tests take, and how many branches differ. Colours: the root of the
covariance that `features/canvas.py` uses. Concepts: textures made by code, told apart on what was
left out, and in the module that came out best on others that were made afterwards, the mean of six
sets of examples; how often random groups of photos come out as a concept, and how often one of them
then seems to matter to an answer; how long a search takes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
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
    dependence,
    others,
    pictures_of,
    reached,
    textures,
    transfer,
)

MODELS = ("bvlc", "imagenette")
COMPARED = 200
AT_ONCE = 8  # paintings that are timed
POOL, TRIALS, TAKEN_OUT = 400, 200, 40  # photos for random groups, groups, those taken out
SETS, FRESH = 6, 60  # of examples; textures that none of them saw
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
        yield from _textures(classifier, other)
        for count in (10, 20):
            images = [textures(kind, count) for kind in TEXTURES[:2]]
            started = time.perf_counter()
            iv.concept(classifier, *images, other=other)
            taken = time.perf_counter() - started
            name = f"{model}: {count} and {count} photos"
            yield Row(name, taken, "s", "", "others known")
            yield Row(f"{name}, the first time", taken + waited, "s", "≤ 10")
        known = averages(classifier, some)
        found = [_random_groups(classifier, known, trial) for trial in range(TRIALS)]
        false = 100 * float(np.mean([bool(each.found) for each in found]))
        yield Row(f"{model}: false alarms", false, "%", "≤ 5", f"{TRIALS} trials")
        shares = [100 * float(np.mean(list(each.accuracy.values()))) for each in found]
        spread = f"± {np.std(shares) / TRIALS**0.5:.1f}"
        yield Row(f"{model}: random groups told apart", float(np.mean(shares)), "%", "", spread)
        traces = [classifier.trace(photo) for photo in some[:TAKEN_OUT]]
        for module in ("3b", "4c", "4e", "5b"):
            ranks = [
                dependence(classifier, trace, each, module).rank
                for trace, each in zip(traces, found, strict=False)
            ]
            above = 100 * float(np.mean([rank >= 0.95 for rank in ranks]))
            yield Row(
                f"{model}, {module}: random groups that matter", above, "%", "", "chance: 8 %"
            )


def _textures(classifier: iv.Classifier, other: Examples) -> Iterator[Row]:
    """Each kind beside the two others: on examples left out, and on fresh ones."""
    fresh = {kind: averages(classifier, textures(kind, FRESH, seed=999)) for kind in TEXTURES}
    sets = [
        {kind: averages(classifier, textures(kind, 20, seed=seed)) for kind in TEXTURES}
        for seed in range(SETS)
    ]
    for kind, count in product(TEXTURES, (10, 20)):
        all_found = [_of_textures(classifier, examples, kind, count, other) for examples in sets]
        held = 100 * float(np.mean([found.accuracy[found.best] for found in all_found]))
        new = 100 * float(np.mean([_right(found, fresh, kind) for found in all_found]))
        places = np.mean([len(found.found) for found in all_found])
        chance = 100 * float(np.mean([np.median(found.chance) for found in all_found]))
        name = f"{classifier.source}, {kind}, {count} and {count}"
        claim = "≥ 95" if count == 20 else ""
        note = f"found in {places:.0f} of {len(other)} places, random splits {chance:.0f} %"
        yield Row(f"{name}: left out, best module", held, "%", claim, note)
        yield Row(f"{name}: fresh, same module", new, "%", claim)


def _of_textures(
    classifier: iv.Classifier,
    examples: dict[Texture, Examples],
    kind: Texture,
    count: int,
    other: Examples,
) -> iv.Concept:
    """One kind beside half as many of each other."""
    with_it = {place: rows[:count] for place, rows in examples[kind].items()}
    beside = [examples[k] for k in TEXTURES if k != kind]
    without = {
        place: np.concatenate([those[place][: count // 2] for those in beside]) for place in other
    }
    return iv.concept(classifier, with_it, without, other=other)


def _right(found: iv.Concept, fresh: dict[Texture, Examples], kind: Texture) -> float:
    """How many fresh textures are on the right side in the best module, both sides alike."""
    w, middle = found.discriminants[found.best], found.middles[found.best]
    above = {k: float((each[found.best] @ w > middle).mean()) for k, each in fresh.items()}
    wrong = float(np.mean([share for k, share in above.items() if k != kind]))
    return (above[kind] + 1 - wrong) / 2


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
