"""Measure how strongly each branch usually fires, for the z-scores on the pages.

    python benchmarks/reference.py --weights bvlc.caffemodel --images imagenette2-160/val \
        --data "Imagenette's validation set" -o inception_viz/sources/bvlc_reference.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

import inception_viz as iv
from inception_viz.explain.firing import measure_reference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--images", required=True, type=Path, help="folder of .JPEG files")
    parser.add_argument("--data", required=True, help="name of the set, for the user")
    parser.add_argument("-o", "--output", required=True, type=Path)
    arguments = parser.parse_args()
    classifier = iv.load(arguments.weights)
    photos = sorted(arguments.images.rglob("*.JPEG"))
    traces = (classifier.trace(photo) for photo in tqdm(photos))
    arguments.output.write_text(measure_reference(traces, arguments.data).to_json() + "\n")


if __name__ == "__main__":
    main()
