"""How often fitted auxiliary heads say what the main head says, on photos they never saw.

    python benchmarks/heads.py --weights bvlc --photos ../shared/data/photos

A tenth of the photos, chosen by content, was held out when the bundled heads were fitted; these are
judged here, one centre crop each, and once more by kind of file name. Claims for the bundled BVLC
file: aux2 gives the same first choice on at least 42 % and has it in its first five on 78 %, aux1
on 22 % and 52 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import inception_viz as iv
from inception_viz.sources.base import HeadFit, Weights
from inception_viz.training.agreement import held_out, judge
from inception_viz.training.heads import photos_in
from inception_viz.training.photos import read_photos

Agreement = Mapping[str, Mapping[str, HeadFit]]  # which photos → head → how well it repeats
KINDS = {
    "s": "one each of hundreds of ImageNet's classes",
    "c": "objects of a hundred kinds",
}


def agreement(weights: Weights, photos: Sequence[Path]) -> Agreement:
    """How well each head repeats the main one on ``photos``: on all, and by kind."""
    network = iv.Classifier(weights, "", "").inference_network
    sets = {"all held out": list(photos)}
    sets |= {
        words: chosen
        for kind, words in KINDS.items()
        if (chosen := [path for path in photos if path.name.startswith(kind)])
    }
    return {
        words: judge(
            network,
            weights.preprocessing,
            read_photos([(path, 0) for path in chosen], 4096)[0],
            0,
            "",
        )
        for words, chosen in sets.items()
    }


def table(found: Agreement) -> list[str]:
    """As Markdown."""
    lines = [
        "| photos | number | head | same first choice | in its first five |",
        "|---|---|---|---|---|",
    ]
    for words, heads in found.items():
        for head, fit in heads.items():
            lines.append(
                f"| {words} | {fit.judged:,} | {head} | {fit.first:.1%} | {fit.in_five:.1%} |"
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", default="bvlc", help="a source or a file")
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/photos"))
    options = parser.parse_args()
    _, unseen = held_out(photos_in(options.photos))
    print("\n".join(table(agreement(iv.load(options.weights).weights, unseen))))


if __name__ == "__main__":
    main()
