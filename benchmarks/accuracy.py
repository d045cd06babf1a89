"""How often each head is right, and how often fitted heads say what the main head says.

    python benchmarks/accuracy.py --data FOLDER
    python benchmarks/accuracy.py right --weights imagenette
    python benchmarks/accuracy.py heads --photos FOLDER

All photos are judged by one centre crop each, at the model's size unless --size says otherwise.
Right: Imagenette's validation photos. Weights with 1000 classes are judged among all classes, and
among Imagenette's ten alone. Original: `bvlc` beside the 32-bit file that it was made of.
Heads: a tenth of the photos, chosen by content, was held out when the bundled heads were fitted;
these are judged, and once more by kind of file name.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import inception_viz as iv
from benchmarks.harness import DATA, Row, measure
from inception_viz.files import cached
from inception_viz.sources import HeadFit, Weights, load_file
from inception_viz.sources.bvlc import FILE, MODEL
from inception_viz.training import (
    Photos,
    answers,
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

Agreement = Mapping[str, Mapping[str, HeadFit]]  # which photos → head → how well it repeats


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
    folders = sorted(p for p in (imagenette_folder(root) / "val").iterdir() if p.is_dir())
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
    return {
        words: judge(
            network,
            weights.preprocessing,
            read_photos([(path, 0) for path in chosen], 4096)[0],
            0,
            "",
        )
        for words, chosen in sets.items()
        if chosen
    }


if __name__ == "__main__":
    measure(
        __doc__,
        {"right": right, "original": original, "heads": heads},
        weights="bvlc",
        data=DATA,
        photos=DATA / "photos",
        size=0,
        original=cached(MODEL),
    )
