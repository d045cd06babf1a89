"""How often each head is right on Imagenette's validation photos: one centre crop each.

    python benchmarks/accuracy.py --weights imagenette --data ../shared/data

Claims for the bundled model at 224 px: main ≥ 93 %, aux2 ≥ 90 %, aux1 ≥ 84 %. Weights with 1000
classes are judged twice: among all classes, and among Imagenette's ten alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import inception_viz as iv
from inception_viz.training.data import imagenette_folder
from inception_viz.training.evaluation import answers
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", default="imagenette", help="a source or a file")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--size", type=int, help="pixels (default: the model's input size)")
    options = parser.parse_args()
    classifier = iv.load(options.weights)
    photos = validation_photos(options.data)
    columns = [classifier.labels.index(name) for name in NAMES]
    size = options.size or classifier.config.input_size
    right: dict[str, int] = {}
    among_ten: dict[str, int] = {}
    confusion = [[0] * len(NAMES) for _ in NAMES]
    for logits, targets in answers(
        classifier.inference_network, photos, size, classifier.preprocessing
    ):
        for head in classifier.weights.trained_heads:
            wanted = targets.new_tensor(columns)[targets]
            right[head] = right.get(head, 0) + int((logits[head].argmax(1) == wanted).sum())
            chosen = logits[head][:, columns].argmax(1)
            among_ten[head] = among_ten.get(head, 0) + int((chosen == targets).sum())
            if head == "main":
                for true, said in zip(targets.tolist(), chosen.tolist(), strict=True):
                    confusion[true][said] += 1
    print(f"{classifier.title}, {len(photos):,} photos, {size} px, one centre crop")
    for head, count in right.items():
        ten = among_ten[head] / len(photos)
        also = f", {ten:.2%} among the ten alone" if len(classifier.labels) > len(NAMES) else ""
        print(f"{head:5} {count / len(photos):7.2%} top-1{also}")
    print("\nmain head, rows: true class, columns: answer")
    for name, row in zip(NAMES, confusion, strict=True):
        print(f"{name:17}", " ".join(f"{n:4}" for n in row))


if __name__ == "__main__":
    main()
