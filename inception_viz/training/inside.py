"""Look inside a run: its newest weights as a classifier, while training goes on or afterwards."""

from __future__ import annotations

from inception_viz.classifier import Classifier
from inception_viz.errors import WeightsError
from inception_viz.sources.file import load_file
from inception_viz.sources.state_files import fill_network
from inception_viz.training import checkpoint
from inception_viz.training.card import trained_weights
from inception_viz.training.run import Run

_AVERAGED = "module."  # torch's AveragedModel puts this in front of every name


def newest_classifier(run: Run) -> Classifier:
    """The averaged weights of the newest checkpoint, or the finished model.

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
    state = content["network"]
    if recipe.average and int(content["average"]["n_averaged"]) > 0:
        state = {
            key.removeprefix(_AVERAGED): value
            for key, value in content["average"].items()
            if key.startswith(_AVERAGED)
        }
    network = fill_network(config, state, {}, path.name)
    step = content["position"]["step"]
    note = f"Weights after {step:,} steps of training on {data['name']}."
    weights = trained_weights(network, data["labels"], recipe, [note], path.stem)
    return Classifier(weights, name, f"{run.path.name}, step {step:,}")
