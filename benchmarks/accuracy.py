"""How often each head is right, fitted heads say what the main head says, and maps what matters.

    python benchmarks/accuracy.py --data FOLDER
    python benchmarks/accuracy.py right --weights imagenette
    python benchmarks/accuracy.py heads --photos FOLDER
    python benchmarks/accuracy.py games sanity --data FOLDER

All photos are judged by one centre crop each, at the model's size unless --size says otherwise.
Right: Imagenette's validation photos. Weights with 1000 classes are judged among all classes, and
among Imagenette's ten alone. Original: `bvlc` beside the 32-bit file that it was made of.
Heads: a tenth of the photos, chosen by content, was held out when the bundled heads were fitted;
these are judged, and once more by kind of file name.
Games: deletion and insertion (``iv.faithfulness``) on Imagenette's validation photos, evenly spread
over the ten classes; the target is the probability of the first choice. Each photo plays both games
once with every map, with one coarse random map and with the centre prior. Shown: the mean area ±
its standard error; each map's difference, photo by photo, to the two that know nothing. Claim:
Grad-CAM at the last module beats those two in both games by more than two standard errors.
Sanity: for three sample photos, how much of a map is left when the weights are shuffled.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from tqdm import tqdm

import inception_viz as iv
from benchmarks.harness import DATA, SAMPLES, Row, measure
from inception_viz.explain import STEPS, VARIANTS, Game, blurred, centre_prior, random_map, silent
from inception_viz.explain.faithfulness import _play, _ranks
from inception_viz.files import cached
from inception_viz.sources import HeadFit, Weights, load_file
from inception_viz.sources.bvlc import FILE, MODEL
from inception_viz.training import (
    Photos,
    answers,
    class_folders,
    held_out,
    imagenette_folder,
    judge,
    photos_in,
    read_photos,
)

HELD_OUT = "all held out"
KINDS = {"s": "one each of hundreds of ImageNet's classes", "c": "objects of a hundred kinds"}
RIGHT = {"main": "≥ 93", "aux2": "≥ 90", "aux1": "≥ 84"}  # of imagenette, at 224 px
# Of bvlc's fitted heads: the main head's first choice is theirs, and is in their first five.
AGREE = {"aux2": ("≥ 42", "≥ 78"), "aux1": ("≥ 22", "≥ 52")}
BEST = "Grad-CAM or HiResCAM, 5b"
BLIND = ("random map", "centre prior")
BETTER: dict[Game, int] = {"deletion": -1, "insertion": 1}  # the sign of what is better

Areas = dict[Game, dict[str, float]]
Agreement = Mapping[str, Mapping[str, HeadFit]]  # which photos → head → how well it repeats

loaded = cache(iv.load)


def right(options: argparse.Namespace) -> Iterator[Row]:
    """How often each head is right."""
    classifier = iv.load(options.weights)
    claims = RIGHT if classifier.source == "imagenette" and not options.size else {}
    shares = right_on_imagenette(classifier, options.data, options.size)
    for head in classifier.weights.trained_heads:
        figures = (
            f"{shares[f'{head} in five']:.2%} in five, "
            f"{shares[f'{head} of ten']:.2%} among the ten alone"
        )
        what = f"{options.weights}, {head}: right first"
        yield Row(what, 100 * shares[head], "%", claims.get(head, ""), figures)


def validation_photos(root: Path) -> Photos:
    """Imagenette's validation split, not shrunk; its folders are in the labels' order."""
    folders = class_folders(imagenette_folder(root) / "val")
    samples = [(path, i) for i, folder in enumerate(folders) for path in sorted(folder.iterdir())]
    photos, unreadable = read_photos(samples, shorter_side=4096)
    if unreadable:
        raise SystemExit(f"{len(unreadable)} photos can't be read, such as {unreadable[0]}")
    return photos


def right_on_imagenette(classifier: iv.Classifier, data: Path, size: int = 0) -> dict[str, float]:
    """Shares of Imagenette's validation photos by head: "main", "main in five", "main of ten".

    "of ten" chooses among Imagenette's own classes alone.
    """
    photos = validation_photos(data)
    columns = torch.tensor([classifier.labels.index(name) for name in iv.load("imagenette").labels])
    right: Counter[str] = Counter()
    side = size or classifier.config.input_size
    network, preprocessing = classifier.inference_network, classifier.preprocessing
    for logits, targets in answers(network, photos, side, preprocessing):
        wanted = columns[targets]
        for head in classifier.weights.trained_heads:
            five = logits[head].topk(5, 1).indices
            right[head] += int((five[:, 0] == wanted).sum())
            right[f"{head} in five"] += int((five == wanted[:, None]).sum())
            right[f"{head} of ten"] += int((logits[head][:, columns].argmax(1) == targets).sum())
    return {name: count / len(photos) for name, count in right.items()}


def original(options: argparse.Namespace) -> Iterator[Row]:
    """How far the bundled file is from the original, on 100 photos."""
    if not options.original.is_file():
        print(f"{options.original} isn't there, so nothing is compared with it.")
        return
    photos = photos_in(imagenette_folder(options.data) / "val")
    spread = photos[:: len(photos) // 100][:100]
    close = closeness(load_file(options.original), load_file(FILE), spread)
    yield Row("bvlc: largest difference of a logit", close.largest, "", "≤ 0.05")
    yield Row("bvlc: same first choice", 100 * close.same, "%", "≥ 99", f"{close.photos} photos")


class Closeness(NamedTuple):
    """The largest difference of any logit, and the share of photos with the same first choice."""

    photos: int
    largest: float
    same: float


def closeness(original: Weights, stored: Weights, photos: Sequence[Path]) -> Closeness:
    """How close stored weights answer to those that they were made of, at the main head."""
    classifiers = [iv.Classifier(weights, "", "") for weights in (original, stored)]
    first, second = (
        torch.stack([classifier.trace(path).logits for path in photos])
        for classifier in classifiers
    )
    same = first.argmax(1) == second.argmax(1)
    return Closeness(len(photos), float((first - second).abs().max()), float(same.float().mean()))


def heads(options: argparse.Namespace) -> Iterator[Row]:
    """How often fitted heads say what the main head says."""
    _, unseen = held_out(photos_in(options.photos))
    weights = iv.load(options.weights).weights
    for words, found in agreement(weights, unseen).items():
        for head, fit in found.items():
            claimed = words == HELD_OUT and options.weights == "bvlc"
            first, in_five = AGREE[head] if claimed else ("", "")
            photos = f"{fit.judged:,} photos: {words}"
            yield Row(f"{head}: same first choice", 100 * fit.first, "%", first, photos)
            yield Row(f"{head}: in its first five", 100 * fit.in_five, "%", in_five, photos)


def agreement(weights: Weights, photos: Sequence[Path]) -> Agreement:
    """How well each head repeats the main one on ``photos``: on all, and by kind."""
    network = iv.Classifier(weights, "", "").inference_network
    sets = {HELD_OUT: list(photos)}
    for kind, words in KINDS.items():
        sets[words] = [path for path in photos if path.name.startswith(kind)]
    read = {
        words: read_photos([(path, 0) for path in chosen], 4096)[0]
        for words, chosen in sets.items()
        if chosen
    }
    return {words: judge(network, weights.preprocessing, p, 0, "") for words, p in read.items()}


def games(options: argparse.Namespace) -> Iterator[Row]:
    """Both games with many photos and all maps."""
    photos = chosen_photos(options.data, options.per_class)
    check(loaded(options.maps_of), photos[0])
    # One photo a core: no core ever waits for another.
    with ProcessPoolExecutor(
        options.workers, get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        played = pool.map(partial(play_photo, options.maps_of), photos, range(len(photos)))
        each = list(tqdm(played, total=len(photos)))
    areas = {(g, n): np.array([one[g][n] for one in each]) for g in BETTER for n in each[0][g]}
    for (game, name), values in areas.items():
        yield Row(f"{game}: {name}", values.mean(), "", "", f"± {standard_error(values):.3f}")
    for (game, name), values in areas.items():
        for blind in BLIND if name not in BLIND else ():
            apart = values - areas[game, blind]
            mean, error = apart.mean(), standard_error(apart)
            better = (BETTER[game] * apart > 0).mean()
            figures = f"{mean:+.3f} ± {error:.3f}, better on {better:.0%}"
            claim = "≥ 2" if name == BEST else ""
            what = f"{game}: {name} − {blind}"
            yield Row(what, BETTER[game] * mean / error, "errors", claim, figures)


def chosen_photos(root: Path, per_class: int) -> list[Path]:
    """As many of each class, evenly spread over its folder."""
    found: list[Path] = []
    for folder in class_folders(imagenette_folder(root) / "val"):
        photos = sorted(folder.iterdir())
        places = np.linspace(0, len(photos) - 1, per_class).round().astype(int)
        found += [photos[place] for place in places]
    return found


def maps(classifier: iv.Classifier, trace: iv.Trace, seed: int) -> dict[str, np.ndarray]:
    """All that is compared, by name."""
    cams = {variant: iv.grad_cam(classifier, trace, variant=variant) for variant in VARIANTS}
    # The gradient is the same all over the last module's map, so these two are one.
    truth = cams["grad_cam"].raw("5b")
    if not np.allclose(cams["hires_cam"].raw("5b"), truth, atol=1e-4 * np.abs(truth).max()):
        raise SystemExit("HiResCAM at 5b should be Grad-CAM at 5b, but it isn't.")
    size = trace.input.shape[-1]
    return {
        BEST: cams["grad_cam"]["5b"],
        "LayerCAM, 5b": cams["layer_cam"]["5b"],
        "Grad-CAM, 4e": cams["grad_cam"]["4e"],
        "Grad-CAM, 3a": cams["grad_cam"]["3a"],
        "random map": random_map(size, seed),
        "centre prior": centre_prior(size),
    }


def play(classifier: iv.Classifier, trace: iv.Trace, rankings: Mapping[str, np.ndarray]) -> Areas:
    """Both games, as ``iv.faithfulness`` plays them, with each ranking once."""
    target = iv.Target(trace.top_classes(1)[0][0], kind="probability")
    ends: dict[Game, tuple[torch.Tensor, torch.Tensor]] = {
        "deletion": (trace.input, torch.zeros_like(trace.input)),
        "insertion": (blurred(trace.input), trace.input),
    }
    orders = [_ranks(values) for values in rankings.values()]
    areas: Areas = {}
    for game, (start, end) in ends.items():
        curves = _play(classifier, start, end, orders, target, STEPS, silent)
        found = np.trapezoid(curves, dx=1 / STEPS, axis=1)
        areas[game] = dict(zip(rankings, found.tolist(), strict=True))
    return areas


def play_photo(weights: str, photo: Path, seed: int) -> Areas:
    """Both games with one photo and all its maps."""
    trace = loaded(weights).trace(photo)
    return play(loaded(weights), trace, maps(loaded(weights), trace, seed))


def check(classifier: iv.Classifier, photo: Path) -> None:
    """Compare one photo's areas with ``iv.faithfulness``."""
    trace = classifier.trace(photo)
    rankings = maps(classifier, trace, 0)
    theirs = iv.faithfulness(classifier, trace, rankings[BEST])
    ours = play(classifier, trace, {"map": rankings[BEST], "centre": rankings["centre prior"]})
    for game, curves in (("deletion", theirs.deletion), ("insertion", theirs.insertion)):
        for name, area in ours[game].items():  # type: ignore[index]
            if not np.isclose(area, curves[name].area, atol=1e-5):
                raise SystemExit(f"The {game} differs from iv.faithfulness: {ours}, {theirs}.")


def standard_error(values: np.ndarray) -> float:
    """Of their mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def sanity(options: argparse.Namespace) -> Iterator[Row]:
    """Rank correlations with the true map when all weights are shuffled."""
    classifier = loaded(options.maps_of)
    traces = [classifier.trace(SAMPLES / f"{name}.jpg") for name in ("cat", "goldfish", "rocket")]
    for module in ("3a", "4e", "5b"):
        for variant, known in VARIANTS.items():
            checks = (
                iv.sanity_check(classifier, t, module=module, variant=variant) for t in traces
            )
            found = [check.stages[-1].correlation for check in checks]
            figures = ", ".join(f"{value:.2f}" for value in found)
            yield Row(
                f"left of {known.title} at {module}, weights shuffled",
                float(np.mean(found)),
                "",
                "",
                figures,
            )


if __name__ == "__main__":
    measure(
        __doc__,
        {"right": right, "original": original, "heads": heads, "games": games, "sanity": sanity},
        weights="bvlc",
        data=DATA,
        photos=DATA / "photos",
        size=0,
        original=cached(MODEL),
        maps_of="imagenette",
        per_class=20,
        workers=os.cpu_count() or 1,
    )
