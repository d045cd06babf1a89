"""Make the files of the two bundled models, and their cards.

    python benchmarks/bundle.py imagenette FIRST LAST --command "…" --command "…" --data FOLDER
    python benchmarks/bundle.py bvlc --model bvlc_googlenet.caffemodel --data FOLDER

`imagenette`: the last training run's model is bundled; each run is on the card with its command.
The model is measured on Imagenette's validation photos as stored, with 16-bit weights.
`bvlc`: the trunk of the model in Caffe's own format is converted to 16 bits, both auxiliary heads
are fitted to its main head, and how strongly each branch usually fires is measured. What the trunk
computes on the way is kept in --work, so that killed work goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tqdm import tqdm

import inception_viz as iv
from benchmarks.accuracy import (
    Agreement,
    Closeness,
    agreement,
    closeness,
    right_on_imagenette,
    validation_photos,
)
from benchmarks.harness import DATA, HELP, ROOT
from inception_viz.explain import measure_reference
from inception_viz.files import cache_dir
from inception_viz.pictures import IMAGENET
from inception_viz.sources import Reference, Weights, load_file, save_weights
from inception_viz.sources.bvlc import SHA1
from inception_viz.training import (
    Evaluation,
    HeadRecipe,
    Run,
    evaluate,
    fit_heads,
    held_out,
    imagenette_folder,
    photos_in,
)

BVLC = ROOT / "assets" / "weights" / "bvlc.safetensors"
IMAGENETTE = BVLC.with_name("imagenette.safetensors")
HEADS = ("main", "aux2", "aux1")
BRANCHES = {"1x1": "1×1", "3x3": "3×3", "5x5": "5×5", "pool": "pool"}
FITTED_ON = "objects and scenes of hundreds of kinds, and Imagenette's training photos"
USUAL = "everyday things, half of them of 850 kinds, half Imagenette's validation photos"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    models = parser.add_subparsers(required=True)
    one = models.add_parser("imagenette")
    one.add_argument("runs", type=Path, nargs="+", help="folders, in the order they ran")
    one.add_argument("--command", action="append", required=True, help="one a run, for the card")
    one.set_defaults(make=make_imagenette)
    other = models.add_parser("bvlc")
    other.add_argument("--model", type=Path, required=True)
    other.add_argument("--photos", type=Path, default=DATA / "photos", help=HELP["photos"])
    other.add_argument("--work", type=Path, default=cache_dir() / "bundle-bvlc")
    other.add_argument("--views", type=int, default=122_880)
    other.add_argument("--epochs", type=int, default=HeadRecipe.epochs)
    other.set_defaults(make=make_bvlc)
    for each in (one, other):
        each.add_argument("--data", type=Path, default=DATA, help=HELP["data"])
    options = parser.parse_args()
    options.make(options)


def make_imagenette(options: argparse.Namespace) -> None:
    """The ten-class model, from its training runs."""
    runs = [Run(path) for path in options.runs]
    weights = as_stored(load_file(runs[-1].model))
    photos = validation_photos(options.data)
    scores = evaluate(weights.network, photos, weights.network.config.input_size, IMAGENET)
    for head, score in scores.heads.items():
        print(f"{head}: {score.accuracy:.2%}, loss {score.loss:.3f}")
    classifier = iv.Classifier(weights, "imagenette", "imagenette")
    traces = (classifier.trace(photos[i][0]) for i in tqdm(range(len(photos))))
    reference = measure_reference(traces, "Imagenette's validation set")
    metrics = {head: round(score.accuracy, 4) for head, score in scores.heads.items()}
    _, recipe, _ = runs[-1].start()
    save_weights(
        replace(weights, reference=reference),
        IMAGENETTE,
        half=True,
        metrics=json.dumps(metrics),
        recipe=recipe.to_json(),
        licence="MIT",
    )
    IMAGENETTE.with_suffix(".md").write_text(
        imagenette_card(runs, scores, reference, options.command), "utf-8"
    )
    print(f"wrote {IMAGENETTE} and its card")


def make_bvlc(options: argparse.Namespace) -> None:
    """The model of a thousand classes, from the file in Caffe's format."""
    recipe = HeadRecipe(views=options.views, epochs=options.epochs)
    original = load_file(options.model)
    photos = photos_in(options.photos)
    learn, unseen = held_out(photos)
    learn += photos_in(imagenette_folder(options.data) / "train")
    fitted = as_stored(with_heads(original, learn, unseen, recipe, options.work))
    classifier = iv.Classifier(fitted, "bvlc", "BVLC GoogLeNet")
    validation = photos_in(imagenette_folder(options.data) / "val")
    usual = evenly(photos, len(validation)) + validation
    traces = (classifier.trace(path) for path in tqdm(usual, desc="usual levels"))
    save_weights(
        replace(fitted, reference=measure_reference(traces, USUAL)),
        BVLC,
        half=True,
        licence="released for unrestricted use by its authors",
    )
    found = load_file(BVLC)
    close = closeness(original, found, unseen[:100])
    right = right_on_imagenette(iv.Classifier(found, "bvlc", ""), options.data)
    card = bvlc_card(found, recipe, close, right, agreement(found, unseen))
    BVLC.with_suffix(".md").write_text(card, "utf-8")
    print(f"wrote {BVLC} and its card")


def with_heads(
    original: Weights, learn: list[Path], unseen: list[Path], recipe: HeadRecipe, folder: Path
) -> Weights:
    """The trunk as it will be stored, with heads fitted to it; ``folder`` keeps what is done."""
    done = folder / f"fitted-{recipe.views}-{recipe.epochs}.safetensors"
    if not done.is_file():
        with tqdm() as bar:

            def tell(what: str, at: int, total: int) -> None:
                bar.set_description(what, refresh=False)
                bar.total = total
                bar.update(at - bar.n)

            fitted = fit_heads(
                as_stored(original),
                learn,
                data=FITTED_ON,
                recipe=recipe,
                check=unseen,
                work=folder,
                progress=tell,
            )
        for reason in fitted.skipped:
            print("skipped:", reason)
        save_weights(fitted.weights, done)
    return load_file(done)


def as_stored(weights: Weights) -> Weights:
    """The weights as 16 bits give them back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "half.safetensors"
        save_weights(weights, path, half=True)
        return load_file(path)


def evenly(photos: list[Path], count: int) -> list[Path]:
    """All that are the only one of their kind, and as many of the others as are needed."""
    single = [path for path in photos if path.name.startswith("s")]
    others = [path for path in photos if path not in set(single)]
    needed = count - len(single)
    return single + [others[i * len(others) // needed] for i in range(needed)]


def imagenette_card(
    runs: Sequence[Run], scores: Evaluation, reference: Reference, commands: Sequence[str]
) -> str:
    """The card of the model that the last run left."""
    weights = load_file(runs[-1].model)
    titles = {"main": "main", "aux2": "aux2 (after 4d)", "aux1": "aux1 (after 4a)"}
    found = ((title, scores.heads[head]) for head, title in titles.items())
    heads = ((title, f"{one.accuracy:.2%}", f"{one.loss:.3f}") for title, one in found)
    confusion = ((name, *row) for name, row in zip(weights.labels, scores.confusion, strict=True))
    return _card(
        "imagenette",
        parameters=sum(p.numel() for p in weights.network.parameters()),
        size=weights.network.config.input_size,
        names=", ".join(weights.labels),
        photos=sum(map(sum, scores.confusion)),
        heads=_table(("head", "right", "loss (nats)"), heads),
        confusion=_table(("", *weights.labels), confusion),
        runs="\n".join(map(_made, runs, commands)).rstrip(),
        reference=reference,
        levels=_levels(reference, ".3f", ".3f"),
    )


def _made(run: Run, command: str) -> str:
    """How a run was started, and how it went."""
    _, recipe, data = run.start()
    rows, start = run.history(), "From scratch."
    if data.get("started_from"):
        start = "It went on from what the run above had left in this file, 16-bit weights."
    judged = [row for row in rows if row.get("val_accuracy_main") is not None]
    curve = (
        (
            f"{row['epoch']:.0f}",
            f"{row['size']:.0f}",
            *(f"{row[f'val_accuracy_{head}'] or 0.0:.1%}" for head in HEADS),
        )
        for row in judged
    )
    return _card(
        "imagenette_run",
        command=command,
        start=start,
        data=data,
        recipe=recipe,
        phases=", ".join(f"{p.epochs} at {p.size} px" for p in recipe.phases),
        hours=sum(data["train"] / (row["images_per_second"] or 1) for row in rows) / 3600,
        where=json.loads((run.path / "environment.json").read_text("utf-8")),
        curve=_table(("epoch", "px", *HEADS), curve),
    )


def bvlc_card(
    weights: Weights,
    recipe: HeadRecipe,
    close: Closeness,
    right: Mapping[str, float],
    agreed: Agreement,
) -> str:
    """The card of the model of a thousand classes."""
    assert weights.reference is not None  # measured a moment ago
    auxiliary = sum(p.numel() for p in weights.network.aux.parameters())
    shares = ((head, f"{right[head]:.1%}", f"{right[f'{head} in five']:.1%}") for head in HEADS)
    fits = (
        (words, f"{fit.judged:,}", head, f"{fit.first:.1%}", f"{fit.in_five:.1%}")
        for words, heads in agreed.items()
        for head, fit in heads.items()
    )
    titles = ("photos", "number", "head", "same first choice", "in its first five")
    return _card(
        "bvlc",
        trunk=sum(p.numel() for p in weights.network.parameters()) - auxiliary,
        auxiliary=auxiliary,
        sha1=SHA1,
        close=close,
        accuracy=_table(("head", "right first", "right in five"), shares),
        fit=weights.fits["aux2"],
        recipe=recipe,
        agreement=_table(titles, fits),
        reference=weights.reference,
        levels=_levels(weights.reference, ".3g", ".2g"),
    )


def _card(name: str, **fields: object) -> str:
    """A text of the folder ``cards`` with its figures."""
    return (
        Path(__file__).with_name("cards").joinpath(f"{name}.md").read_text("utf-8").format(**fields)
    )


def _levels(reference: Reference, mean: str, deviation: str) -> str:
    """How strongly each branch usually fires; ``mean`` and ``deviation`` are formats."""
    rows = (
        (module, *(f"{m[b]:{mean}} ± {reference.std[module][b]:{deviation}}" for b in BRANCHES))
        for module, m in reference.mean.items()
    )
    return _table(("module", *BRANCHES.values()), rows)


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """As Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in (titles, *rows)]
    return "\n".join([lines[0], "|---" * len(titles) + "|", *lines[1:]])


if __name__ == "__main__":
    main()
