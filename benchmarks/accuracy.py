"""How often each head is right on Imagenette's validation photos: one centre crop each.

    python benchmarks/accuracy.py
    python benchmarks/accuracy.py --weights imagenette --data ../shared/data

Claims at 224 px: `imagenette` main ≥ 93 %, aux2 ≥ 90 %, aux1 ≥ 84 %. Weights with 1000 classes are
judged among all classes, and among Imagenette's ten alone. `bvlc` is also compared with the
--original that it was made of, on 100 photos: logits within 0.05, the same first choice on 99 %.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import inception_viz as iv
from inception_viz.sources.base import Weights
from inception_viz.sources.file import load_file
from inception_viz.training import imagenette_folder
from inception_viz.training.evaluation import answers
from inception_viz.training.heads import photos_in
from inception_viz.training.photos import Photos, read_photos

NAMES = (
    "tench",
    "English springer",
    "cassette player",
    "chain saw",
    "church",
    "French horn",
    "garbage truck",
    "gas pump",
    "golf ball",
    "parachute",
)


def validation_photos(root: Path) -> Photos:
    """Imagenette's validation split, its classes numbered as in ``NAMES``, not shrunk."""
    folders = sorted(p for p in (imagenette_folder(root) / "val").iterdir() if p.is_dir())
    samples = [(path, i) for i, folder in enumerate(folders) for path in sorted(folder.iterdir())]
    photos, unreadable = read_photos(samples, shorter_side=4096)
    if unreadable:
        raise SystemExit(f"{len(unreadable)} photos can't be read, such as {unreadable[0]}")
    return photos


@dataclass(frozen=True)
class Closeness:
    """How close stored weights answer to those that they were made of.

    ``largest`` difference of any logit, share of photos with the ``same`` first choice.
    """

    photos: int
    largest: float
    same: float


def closeness(original: Weights, stored: Weights, photos: Sequence[Path]) -> Closeness:
    """Compare the main heads' logits on ``photos``, one centre crop each."""
    classifiers = [iv.Classifier(weights, "", "") for weights in (original, stored)]
    first, second = (
        torch.stack([classifier.trace(path).logits for path in photos])
        for classifier in classifiers
    )
    same = first.argmax(1) == second.argmax(1)
    return Closeness(len(photos), float((first - second).abs().max()), float(same.float().mean()))


def right_on_imagenette(classifier: iv.Classifier, data: Path, size: int = 0) -> dict[str, float]:
    """Shares of Imagenette's validation photos by head: "main", "main in five", "main of ten".

    "of ten" chooses among Imagenette's own classes alone.
    """
    photos = validation_photos(data)
    columns = torch.tensor([classifier.labels.index(name) for name in NAMES])
    right: Counter[str] = Counter()
    batches = answers(
        classifier.inference_network,
        photos,
        size or classifier.config.input_size,
        classifier.preprocessing,
    )
    for logits, targets in batches:
        wanted = columns[targets]
        for head in classifier.weights.trained_heads:
            five = logits[head].topk(5, 1).indices
            right[head] += int((five[:, 0] == wanted).sum())
            right[f"{head} in five"] += int((five == wanted[:, None]).sum())
            right[f"{head} of ten"] += int((logits[head][:, columns].argmax(1) == targets).sum())
    return {name: count / len(photos) for name, count in right.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", default="bvlc", help="a source or a file")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--size", type=int, default=0, help="pixels (default: the model's)")
    parser.add_argument(
        "--original",
        type=Path,
        default=Path("../shared/weights/bvlc_googlenet.caffemodel"),
        help="the 32-bit file that bvlc was made of",
    )
    options = parser.parse_args()
    classifier = iv.load(options.weights)
    print(f"{classifier.title}, Imagenette's validation photos, one centre crop")
    right = right_on_imagenette(classifier, options.data, options.size)
    for head in classifier.weights.trained_heads:
        print(
            f"{head:5} {right[head]:7.2%} first, {right[f'{head} in five']:7.2%} in five, "
            f"{right[f'{head} of ten']:7.2%} among the ten alone"
        )
    if classifier.source == "bvlc" and options.original.is_file():
        photos = photos_in(imagenette_folder(options.data) / "val")
        spread = photos[:: len(photos) // 100][:100]
        found = closeness(load_file(options.original), classifier.weights, spread)
        print(
            f"beside {options.original.name}: logits within {found.largest:.4f}, the same first "
            f"choice on {found.same:.0%} of {found.photos} photos"
        )


if __name__ == "__main__":
    main()
