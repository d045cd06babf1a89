"""What a training leaves: weights that load by themselves, also on the way, and a model card."""

from __future__ import annotations

import json
from collections.abc import Sequence

from inception_viz.classifier import Classifier
from inception_viz.errors import WeightsError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import IMAGENET
from inception_viz.sources.base import Weights
from inception_viz.sources.file import load_file, save_weights
from inception_viz.sources.state_files import fill_network
from inception_viz.training import checkpoint
from inception_viz.training.data import TrainingData
from inception_viz.training.recipe import Recipe
from inception_viz.training.run import Row, Run, environment

_AVERAGED = "module."  # torch's AveragedModel puts this in front of every name


def trained_weights(
    network: GoogLeNet,
    labels: Sequence[str],
    recipe: Recipe,
    notes: Sequence[str] = (),
    fingerprint: str = "",
) -> Weights:
    """What was trained, as weights; heads that had no part in the loss don't count as trained."""
    heads = ("main", *(network.config.heads if recipe.aux_weight else ()))
    return Weights(network, IMAGENET, tuple(labels), heads, tuple(notes), fingerprint)


def newest_classifier(run: Run) -> Classifier:
    """What a run has learned so far: its newest checkpoint's averaged weights, or its model.

    Raises:
        WeightsError: if there are none yet.
        TrainingError: if the folder holds no run.
    """
    name = f"run:{run.path.name}"
    if run.status().state == "finished" and run.model.is_file():
        return Classifier(load_file(run.model), name, run.path.name)
    newest = checkpoint.newest(run.checkpoints)
    if newest is None:
        raise WeightsError(
            "This training has no checkpoint yet. The first comes a little after the first epoch, "
            "or when it is paused."
        )
    path, content = newest
    config, recipe, data = run.start()
    state, average = content["network"], content["average"]
    if recipe.average and int(average["n_averaged"]) > 0:
        state = {k.removeprefix(_AVERAGED): v for k, v in average.items() if _AVERAGED in k}
    network = fill_network(config, state, {}, path.name)
    step = content["position"]["step"]
    note = f"Weights after {step:,} steps of training on {data['name']}."
    weights = trained_weights(network, data["labels"], recipe, [note], path.stem)
    return Classifier(weights, name, f"{run.path.name}, step {step:,}")


def write_results(
    run: Run, data: TrainingData, network: GoogLeNet, recipe: Recipe, history: Sequence[Row]
) -> None:
    """Write ``model.safetensors`` and the model card.

    Raises:
        FileError, TrainingError: if the folder can't be written.
    """
    metrics = {k: v for row in history[-1:] for k, v in row.items() if v is not None}
    weights = trained_weights(network, data.labels, recipe)
    save_weights(weights, run.model, metrics=json.dumps(metrics), recipe=recipe.to_json())
    run.write("README.md", model_card(data, network, recipe, history))


def model_card(
    data: TrainingData, network: GoogLeNet, recipe: Recipe, history: Sequence[Row]
) -> str:
    """Markdown: what was trained on what, how, where, and how well."""
    config, where = network.config, environment()
    parameters = sum(p.numel() for p in network.parameters())
    scored = [row for row in history if row.get("val_accuracy_main") is not None]
    lines = [
        f"# GoogLeNet trained on {data.name}",
        "",
        f"- **Network**: {len(config.modules)} inception modules, normalisation {config.norm}, "
        f"5×5 branch with kernel {config.kernel_5x5}, {parameters:,} parameters with its heads.",
        f"- **Classes** ({len(data.labels)}): {', '.join(data.labels)}.",
        f"- **Pictures**: {len(data.train):,} to learn from, {len(data.validation):,} to be "
        "judged by.",
        f"- **Recipe**: {recipe.epochs} epochs ("
        + ", ".join(f"{p.epochs} at {p.size} px" for p in recipe.phases)
        + f"), {recipe.batch} pictures a step, one-cycle SGD up to {recipe.learning_rate:g}, "
        f"weight decay {recipe.weight_decay:g}, label smoothing {recipe.label_smoothing:g}, "
        f"auxiliary weight {recipe.aux_weight:g}, augmentation {recipe.augmentation}, mixed "
        f"{recipe.mix:.0%}, average {recipe.average:g}, seed {recipe.seed}.",
        f"- **Where**: {where['accelerator'] or where['cpu']}, {where['cores']} cores, torch "
        f"{where['packages']['torch']}.",
        "",
    ]
    lines += [f"- {note}" for note in data.notes] + [""] * bool(data.notes)
    if scored:
        lines += ["| epoch | pictures | head | loss | accuracy |", "|---|---|---|---|---|"]
        row = scored[-1]
        lines += [
            f"| {row['epoch']} | {row['size']} px | {head} | {row[f'val_loss_{head}']:.3f} | "
            f"{row[f'val_accuracy_{head}']:.2%} |"
            for head in ("main", *config.heads)
        ]
        lines += ["", "Scored on the validation pictures, one centre crop each."]
    lines += ["", 'Load it with `inception_viz.load("model.safetensors")`.', ""]
    return "\n".join(lines)
