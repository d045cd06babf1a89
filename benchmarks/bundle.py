"""Make the bundled ten-class model from its training runs: weights, reference firing, model card.

    python benchmarks/bundle.py FIRST LAST --command "…" --command "…" --data ../shared/data

The last run's model is bundled; each run is on the card with its command. The model is measured on
Imagenette's validation photos at 224 px, one centre crop each, as stored: with 16-bit weights.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tqdm import tqdm

import inception_viz as iv
from benchmarks.accuracy import NAMES, validation_photos
from inception_viz.explain.firing import measure_reference
from inception_viz.pictures.preprocessing import IMAGENET
from inception_viz.sources.file import load_file, save_weights
from inception_viz.sources.imagenette import CARD, FILE
from inception_viz.sources.reference import Reference
from inception_viz.training.evaluation import Evaluation, evaluate
from inception_viz.training.run import Run

SIZE = 224


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders, in the order they ran")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--command", action="append", required=True, help="one a run, for the card")
    options = parser.parse_args()
    runs = [Run(path) for path in options.runs]
    run = runs[-1]
    weights = load_file(run.model)
    with tempfile.TemporaryDirectory() as folder:  # measured as stored
        stored = Path(folder) / "half.safetensors"
        save_weights(weights, stored, half=True)
        weights = load_file(stored)
    photos = validation_photos(options.data)
    scores = evaluate(weights.network, photos, SIZE, IMAGENET)
    for head, score in scores.heads.items():
        print(f"{head}: {score.accuracy:.2%}, loss {score.loss:.3f}")
    classifier = iv.Classifier(weights, "imagenette", "imagenette")
    traces = (classifier.trace(photos[i][0]) for i in tqdm(range(len(photos))))
    reference = measure_reference(traces, "Imagenette's validation set")
    metrics = {head: round(score.accuracy, 4) for head, score in scores.heads.items()}
    _, recipe, _ = run.start()
    save_weights(
        replace(weights, reference=reference),
        FILE,
        half=True,
        metrics=json.dumps(metrics),
        recipe=recipe.to_json(),
        licence="MIT",
    )
    CARD.write_text(card(runs, scores, reference, options.command), "utf-8")
    print(f"wrote {FILE} ({FILE.stat().st_size / 1e6:.1f} MB) and {CARD}")


def card(runs: list[Run], scores: Evaluation, reference: Reference, commands: list[str]) -> str:
    """The model card, in Markdown."""
    config, _, _ = runs[-1].start()
    network = load_file(runs[-1].model).network
    parameters = sum(p.numel() for p in network.parameters())
    total = sum(map(sum, scores.confusion))
    lines = [
        "# Imagenette GoogLeNet, the bundled model of ten classes",
        "",
        "The paper's GoogLeNet (arXiv 1409.4842) with batch norm behind every convolution: 5×5 "
        f"kernels, both auxiliary heads, {SIZE} px input, {parameters:,} parameters. Trained from "
        "scratch by this program; no other weights went into it. Stored as 16-bit floats.",
        "",
        "It knows ten classes: " + ", ".join(NAMES) + ". Whatever else a photo shows, it gives one "
        "of these answers. It is here to look inside of, not to be relied on.",
        "",
        "## How good it is",
        "",
        f"Imagenette's whole validation split, {total:,} photos, {SIZE} px, one centre crop each, "
        "measured with the stored weights (`python benchmarks/accuracy.py --weights imagenette`):",
        "",
        "| head | right | loss (nats) |",
        "|---|---|---|",
    ]
    titles = {"main": "main", "aux2": "aux2 (after 4d)", "aux1": "aux1 (after 4a)"}
    lines += [
        f"| {title} | {scores.heads[head].accuracy:.2%} | {scores.heads[head].loss:.3f} |"
        for head, title in titles.items()
    ]
    lines += ["", "Answers of the main head (columns) to photos of each class (rows):", ""]
    lines += ["| | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 1) + "|"]
    lines += [
        f"| {name} | " + " | ".join(map(str, row)) + " |"
        for name, row in zip(NAMES, scores.confusion, strict=True)
    ]
    lines += ["", "## How it was made", ""]
    for run, command in zip(runs, commands, strict=True):
        lines += _made(run, command)
    lines += [
        "## How strongly each branch usually fires",
        "",
        f"Mean activation ± standard deviation over the {reference.photos:,} validation photos; "
        "the app's σ figures are relative to these. They are in the file's metadata, too.",
        "",
        "| module | 1×1 | 3×3 | 5×5 | pool |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {module} | "
        + " | ".join(
            f"{reference.mean[module][b]:.3f} ± {reference.std[module][b]:.3f}"
            for b in ("1x1", "3x3", "5x5", "pool")
        )
        + " |"
        for module in config.modules
    ]
    lines += [
        "",
        "## The photos",
        "",
        "Imagenette v2, 160 px, by Jeremy Howard (github.com/fastai/imagenette, Apache-2.0): ten "
        "classes of ImageNet. The photos are their owners', are for research and teaching, and "
        "are not in this repository.",
        "",
    ]
    return "\n".join(lines)


def _made(run: Run, command: str) -> list[str]:
    _, recipe, data = run.start()
    environment = json.loads((run.path / "environment.json").read_text("utf-8"))
    phases = ", ".join(f"{p.epochs} at {p.size} px" for p in recipe.phases)
    hours = sum(data["train"] / (row["images_per_second"] or 1) for row in run.history()) / 3600
    text = (
        f"{data['train']:,} photos of Imagenette-160's training split, {recipe.epochs} epochs "
        f"({phases}), {recipe.batch} photos a step, seed {recipe.seed}. SGD with Nesterov's "
        f"momentum, one cycle up to {recipe.learning_rate:g}, weight decay "
        f"{recipe.weight_decay:g}, label smoothing {recipe.label_smoothing:g}, auxiliary losses "
        f"weighted {recipe.aux_weight:g}, augmentation “{recipe.augmentation}”, "
        f"{recipe.mix:.0%} of the batches mixed, averaged weights. {hours:.1f} hours on "
        f"{environment['cores']} CPU cores ({environment['cpu']}), bf16, torch "
        f"{environment['packages']['torch']}."
    )
    start = (
        "It went on from what the run above had left in this file, 16-bit weights. "
        if data.get("started_from")
        else "From scratch. "
    )
    return [f"```\n{command}\n```", "", start + text, "", *_curve(run)]


def _curve(run: Run) -> list[str]:
    judged = [row for row in run.history() if row.get("val_accuracy_main") is not None]
    lines = [
        "Validation accuracy on the way, at the size of the phase:",
        "",
        "| epoch | px | main | aux2 | aux1 |",
        "|---|---|---|---|---|",
    ]
    for row in judged:
        heads = [row[f"val_accuracy_{head}"] or 0.0 for head in ("main", "aux2", "aux1")]
        figures = " | ".join(f"{value:.1%}" for value in heads)
        lines.append(f"| {row['epoch']:.0f} | {row['size']:.0f} | {figures} |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
