"""The table: one row a picture, one column a figure, and how the figures are measured.

A row is what a researcher calls an observation, so every figure has a column of its own: a
correlation, a mean by label or a regression is one line of pandas, and one branch can be read from
the file without the rest. The long form, a row a branch, is one ``melt`` away, and would repeat
path and label 36 times.

| column | what it holds |
|---|---|
| ``path`` | of the picture, relative to the folder |
| ``sha256`` | of the file's bytes |
| ``width``, ``height`` | of the upright original in pixels |
| ``label``, ``probability``, ``logit`` | the first choice; contributions explain its logit |
| ``labels``, ``probabilities`` | lists: the k likeliest classes, best first |
| ``firing.4c.5x5`` … | mean activation of each branch |
| ``energy.4c.5x5`` … | its part of its module's energy Σa², 0 to 1; 0 if silent |
| ``contribution.4c.5x5`` … | its score for the first choice; none with the method "none" |
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from inception_viz import __version__
from inception_viz.architecture.config import Branch
from inception_viz.batch.parts import Settings
from inception_viz.classifier import Classifier
from inception_viz.explain.contributions import METHODS
from inception_viz.explain.contributions.gradient import products
from inception_viz.explain.firing import activity
from inception_viz.explain.gradients import backward
from inception_viz.network.googlenet import GoogLeNet, probabilities
from inception_viz.pictures.reading import Picture
from inception_viz.training.photos import Unreadable

NONE = "none"  # the method that scores nothing
QUICK = "gradient_x_activation"  # the method that does a whole batch in one backward pass
LISTED = 10_000  # unreadable files that the metadata names; it says how many there were in all
_UNREADABLE = b"unreadable"


class Ready(NamedTuple):
    """A picture, its path below the folder, and (1, 3, side, side) as the network wants it."""

    path: str
    picture: Picture
    input: Tensor


@dataclass(frozen=True, eq=False)
class Measured:
    """N pictures, on the CPU in double precision; columns are those of :func:`branches_of`.

    Attributes:
        logits: (N, classes) of the main head.
        firing: (N, branches), each branch's mean activation.
        energy: (N, branches), each branch's part of Σa² over its module's units.
        slopes: (N, branches), gradient × activation for each picture's first choice; None if it
            wasn't asked for.
    """

    logits: Tensor
    firing: Tensor
    energy: Tensor
    slopes: Tensor | None


def branches_of(network: GoogLeNet) -> list[tuple[str, Branch]]:
    """(module, branch) in the network's order."""
    return [(name, b) for name, module in network.modules_by_name.items() for b in module.widths]


def measure(network: GoogLeNet, x: Tensor, *, slopes: bool) -> Measured:
    """Send pictures (N, 3, side, side) through the main head; with ``slopes`` also back."""
    modules = network.modules_by_name
    with torch.inference_mode(False), torch.no_grad():
        steps = network.walk(x, upto=next(iter(modules)) if slopes else None)
        outputs = {name: output for name, output in steps if name in modules}
        scores = None
        if slopes:
            (start,) = outputs.values()
            outputs, slope, _ = backward(network, start, lambda x: network.classify(x).max(1)[0])
            scores = _table(products(modules[name], outputs[name], slope[name]) for name in modules)
        logits = network.classify(outputs[next(reversed(modules))])
    active = [activity(output, modules[name].widths) for name, output in outputs.items()]
    return Measured(
        logits=logits.cpu().double(),
        firing=_table({b: mean for b, (mean, _) in module.items()} for module in active),
        energy=_table({b: share for b, (_, share) in module.items()} for module in active),
        slopes=scores,
    )


def _table(modules: Iterable[Mapping[Branch, Tensor]]) -> Tensor:
    """(N, branches) on the CPU, from each branch's (N,)."""
    return torch.stack([values for module in modules for values in module.values()], dim=1).cpu()


def schema(classifier: Classifier, method: str) -> pa.Schema:
    """The columns for a classifier's branches."""
    kinds = ["firing", "energy"] + ["contribution"] * (method != NONE)
    return pa.schema(
        [
            ("path", pa.string()),
            ("sha256", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("label", pa.string()),
            ("probability", pa.float32()),
            ("logit", pa.float32()),
            ("labels", pa.list_(pa.string())),
            ("probabilities", pa.list_(pa.float32())),
            *(
                (f"{kind}.{module}.{branch}", pa.float32())
                for kind in kinds
                for module, branch in branches_of(classifier.network)
            ),
        ]
    )


def rows(
    classifier: Classifier,
    columns: pa.Schema,
    pictures: Sequence[Ready],
    measured: Measured,
    contribution: Tensor | None,
    k: int,
) -> pa.RecordBatch:
    """The rows of N pictures; ``contribution`` is (N, branches)."""
    likeliest = probabilities(measured.logits).topk(min(k, len(classifier.labels)))
    labels = [[classifier.labels[i] for i in row] for row in likeliest.indices.tolist()]
    figures = [measured.firing, measured.energy, *([] if contribution is None else [contribution])]
    values: list[Any] = [
        [p.path.encode("utf-8", "backslashreplace").decode() for p in pictures],
        [p.picture.sha256 for p in pictures],
        *zip(*(p.picture.size for p in pictures), strict=True),
        [row[0] for row in labels],
        likeliest.values[:, 0].tolist(),
        measured.logits.max(dim=1).values.tolist(),
        labels,
        likeliest.values.tolist(),
        *torch.cat(figures, dim=1).T.numpy().astype(np.float32),
    ]
    arrays = [pa.array(v, field.type) for v, field in zip(values, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def part(
    columns: pa.Schema, batches: list[pa.RecordBatch], unreadable: list[Unreadable]
) -> pa.Table:
    """The rows of a part, with the pictures that have none."""
    noted = json.dumps([[u.path, u.reason] for u in unreadable])
    return pa.Table.from_batches(batches, columns).replace_schema_metadata({_UNREADABLE: noted})


def unreadable_in(part: pa.Table) -> list[Unreadable]:
    """The pictures of a part that have no row."""
    return [Unreadable(*pair) for pair in json.loads(part.schema.metadata[_UNREADABLE])]


def metadata(
    classifier: Classifier, settings: Settings, pictures: int, unreadable: Iterable[Unreadable]
) -> dict[str, str]:
    """What the file says about itself: JSON under ``inception_viz``.

    The same under ``PANDAS_ATTRS``, so that it is the ``attrs`` of a frame that pandas reads.
    """
    method = METHODS.get(str(settings["method"]))
    missing = list(unreadable)
    about = {
        **settings,
        "title": classifier.title,
        "source": classifier.source,
        "contribution": method
        and {
            "title": method.title,
            "target": "logit of the first choice",
            "baseline": "zero",
            "unit": method.units.get("zero") or "logits",
        },
        "pictures": pictures,
        "unreadable": len(missing),
        "unreadable_files": [{"path": u.path, "reason": u.reason} for u in missing[:LISTED]],
        "versions": {
            "inception_viz": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "pillow", "numpy", "pyarrow")},
        },
    }
    text = json.dumps(about)
    return {"inception_viz": text, "PANDAS_ATTRS": text}
