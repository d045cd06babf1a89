"""Make the bundled BVLC file and its card, from the model in Caffe's own format.

    python benchmarks/bundle_bvlc.py --model ../shared/weights/bvlc_googlenet.caffemodel \
        --photos ../shared/data/photos --imagenette ../shared/data/imagenette2-160

Converts the trunk to 16 bits, fits both auxiliary heads to its main head, measures how strongly
each branch usually fires, and writes `assets/weights/bvlc.safetensors` and `bvlc.md`. What the
trunk computes on the way is kept in --work, so that killed work goes on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tqdm import tqdm

import inception_viz as iv
from benchmarks.accuracy import Closeness, closeness, right_on_imagenette
from benchmarks.heads import agreement, table
from inception_viz.explain.firing import measure_reference
from inception_viz.files.cache import cache_dir
from inception_viz.sources.base import Weights
from inception_viz.sources.bvlc import CARD, FILE, SHA1
from inception_viz.sources.file import load_file, save_weights
from inception_viz.sources.reference import Reference
from inception_viz.training.agreement import held_out
from inception_viz.training.heads import HeadRecipe, fit_heads, photos_in

FITTED_ON = "objects and scenes of hundreds of kinds, and Imagenette's training photos"
USUAL = "everyday things, half of them of 850 kinds, half Imagenette's validation photos"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True, help="of any kind, unlabelled")
    parser.add_argument("--imagenette", type=Path, required=True, help="imagenette2-160")
    parser.add_argument("--work", type=Path, default=cache_dir() / "bundle-bvlc")
    parser.add_argument("--views", type=int, default=122_880)
    parser.add_argument("--epochs", type=int, default=HeadRecipe.epochs)
    options = parser.parse_args()
    recipe = HeadRecipe(views=options.views, epochs=options.epochs)
    original = load_file(options.model)
    photos = photos_in(options.photos)
    learn, unseen = held_out(photos)
    fitted = _stored(_with_heads(original, learn, unseen, recipe, options))
    clf = iv.Classifier(fitted, "bvlc", "BVLC GoogLeNet")
    validation = photos_in(options.imagenette / "val")
    usual = _evenly(photos, len(validation)) + validation
    reference = measure_reference(
        (clf.trace(path) for path in tqdm(usual, desc="usual levels")), USUAL
    )
    save_weights(
        replace(fitted, reference=reference),
        FILE,
        half=True,
        licence="released for unrestricted use by its authors",
    )
    found = load_file(FILE)
    CARD.write_text(
        card(
            found,
            recipe,
            closeness(original, found, unseen[:100]),
            right_on_imagenette(iv.Classifier(found, "bvlc", ""), options.imagenette.parent),
            table(agreement(found, unseen)),
        ),
        "utf-8",
    )
    print(f"wrote {FILE} ({FILE.stat().st_size / 1e6:.1f} MB) and {CARD}")


def _with_heads(
    original: Weights,
    learn: list[Path],
    unseen: list[Path],
    recipe: HeadRecipe,
    options: argparse.Namespace,
) -> Weights:
    """The trunk as it will be stored, with fitted heads."""
    done = options.work / f"fitted-{recipe.views}-{recipe.epochs}.safetensors"
    if not done.is_file():
        with tqdm() as bar:

            def tell(what: str, at: int, total: int) -> None:
                bar.set_description(what, refresh=False)
                bar.total = total
                bar.update(at - bar.n)

            fitted = fit_heads(
                _stored(original),
                [*learn, *photos_in(options.imagenette / "train")],
                data=FITTED_ON,
                recipe=recipe,
                check=unseen,
                work=options.work,
                progress=tell,
            )
        for reason in fitted.skipped:
            print("skipped:", reason)
        save_weights(fitted.weights, done)
    return load_file(done)


def _stored(weights: Weights) -> Weights:
    """The weights as 16 bits give them back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "half.safetensors"
        save_weights(weights, path, half=True)
        return load_file(path)


def _evenly(photos: list[Path], count: int) -> list[Path]:
    """All that are the only one of their kind, and as many of the others as are needed."""
    single = [path for path in photos if path.name.startswith("s")]
    others = [path for path in photos if path not in set(single)]
    needed = count - len(single)
    return single + [others[i * len(others) // needed] for i in range(needed)]


def card(
    weights: Weights,
    recipe: HeadRecipe,
    close: Closeness,
    right: dict[str, float],
    heads: list[str],
) -> str:
    """The model card, in Markdown."""
    fit = weights.fits["aux2"]
    assert weights.reference is not None  # measured a moment ago
    parameters = sum(p.numel() for p in weights.network.parameters())
    auxiliary = sum(p.numel() for p in weights.network.aux.parameters())
    return "\n".join(
        [
            "# BVLC GoogLeNet, the bundled model",
            "",
            "The GoogLeNet of Caffe's model zoo (`bvlc_googlenet`, iteration 2,400,000), trained "
            "on ImageNet's 1,000 classes by **Sergio Guadarrama** at the Berkeley Vision and "
            "Learning Center (BVLC), who **released it for unrestricted use**. True to the paper: "
            f"5×5 kernels, local response normalisation. {parameters - auxiliary:,} parameters, "
            f"and {auxiliary:,} in two auxiliary heads that are ours (below).",
            "",
            "## Conversion",
            "",
            "Layer by layer from the `.caffemodel`: kernels and matrices as 16-bit floats, biases "
            "as 32-bit. Input: BGR, 0 to 255, minus (104, 117, 123). The official file (SHA-1 "
            f"`{SHA1}`) holds the same trunk in 32 bits and the heads that were trained with it; "
            "if it is in the cache, it is used instead of this file.",
            "",
            f"On {close.photos} photos the logits differ from the 32-bit original's by at most "
            f"{close.largest:.4f}; the first choice is the same on {close.same:.0%}.",
            "",
            "## How good it is",
            "",
            "Its authors report 68.7 % first choices and 88.9 % in the first five on ImageNet's "
            "validation photos (one crop). Here, on Imagenette's 3,925 validation photos at 160 "
            "px, one centre crop each, **among all 1,000 classes** (`python "
            "benchmarks/accuracy.py`):",
            "",
            "| head | right first | right in five |",
            "|---|---|---|",
            *(
                f"| {head} | {right[head]:.1%} | {right[f'{head} in five']:.1%} |"
                for head in ("main", "aux2", "aux1")
            ),
            "",
            "## The auxiliary heads: fitted afterwards",
            "",
            "The file they come from has none. These are of the paper's shape, and were fitted "
            f"to **repeat the main head's answers** on {fit.photos:,} photos ({fit.data}), "
            "without labels and without changing the trunk. Their last layer is the main "
            "classifier's own. They show what can be read from the middle of the network; they "
            "are not what trained it.",
            "",
            f"{recipe.views:,} views of the photos (cuts at many scales, blends, insets and "
            f"fours), {recipe.epochs} passes, AdamW up to {recipe.learning_rate:g}, one cycle, "
            f"weight decay {recipe.weight_decay:g}, cross-entropy to the main head's "
            f"probabilities and {recipe.logits:g} × the mean squared difference of the logits. "
            "A tenth of the photos was held out, by content. On those:",
            "",
            *heads,
            "",
            "`python benchmarks/heads.py` prints this table.",
            "",
            *_levels(weights.reference),
        ]
    )


def _levels(reference: Reference) -> list[str]:
    branches = ("1x1", "3x3", "5x5", "pool")
    return [
        "## How strongly each branch usually fires",
        "",
        f"Mean activation ± standard deviation over {reference.photos:,} photos "
        f"({reference.data}); the app's σ figures are relative to these.",
        "",
        "| module | 1×1 | 3×3 | 5×5 | pool |",
        "|---|---|---|---|---|",
        *(
            f"| {module} | "
            + " | ".join(f"{means[b]:.3g} ± {reference.std[module][b]:.2g}" for b in branches)
            + " |"
            for module, means in reference.mean.items()
        ),
        "",
        "Made by `benchmarks/bundle_bvlc.py`.",
        "",
    ]


if __name__ == "__main__":
    main()
