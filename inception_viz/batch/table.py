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
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from inception_viz import __version__
from inception_viz.architecture.config import Branch
from inception_viz.batch.parts import Settings
from inception_viz.batch.work import Ready
from inception_viz.classifier import Classifier
from inception_viz.explain.contributions import METHODS, contributions
from inception_viz.explain.contributions.gradient import products
from inception_viz.explain.firing import activity
from inception_viz.explain.gradients import backward
from inception_viz.network.googlenet import GoogLeNet, probabilities
from inception_viz.pictures.preprocessing import Crop, Fit
from inception_viz.training.photos import Unreadable

NONE = "none"  # the method that scores nothing
QUICK = "gradient_x_activation"  # the method that does a whole batch in one backward pass
LISTED = 10_000  # unreadable files that the metadata names; it says how many there were in all


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


@dataclass(frozen=True, eq=False)
class TableRows:
    """The table's rows, for :class:`~inception_viz.batch.work.Worker`.

    Attributes:
        classifier: whose branches the columns are.
        fit: how a picture becomes a square.
        method: how branches are scored.
        k: how many answers a picture.
    """

    classifier: Classifier
    fit: Fit | Crop
    method: str
    k: int

    @cached_property
    def columns(self) -> pa.Schema:
        """Those of :func:`schema`."""
        return schema(self.classifier, self.method)

    @property
    def keeps_pictures(self) -> bool:
        """Methods that don't do a batch at once trace each picture again."""
        return self.method not in (QUICK, NONE)

    def of(self, network: GoogLeNet, x: Tensor, ready: Sequence[Ready]) -> pa.RecordBatch:
        """The rows of N pictures, or a WeightsError if the weights give no finite answer."""
        measured = measure(network, x, slopes=self.method == QUICK)
        self.classifier.require_finite(measured.logits)
        scores = self._scores(ready, measured) if self.keeps_pictures else measured.slopes
        likeliest = probabilities(measured.logits).topk(min(self.k, len(self.classifier.labels)))
        labels = [[self.classifier.labels[i] for i in row] for row in likeliest.indices.tolist()]
        figures = [measured.firing, measured.energy, *([] if scores is None else [scores])]
        values: list[Any] = [
            [p.path.encode("utf-8", "backslashreplace").decode() for p in ready],
            [p.picture.sha256 for p in ready],
            *zip(*(p.picture.size for p in ready), strict=True),
            [row[0] for row in labels],
            likeliest.values[:, 0].tolist(),
            measured.logits.max(dim=1).values.tolist(),
            labels,
            likeliest.values.tolist(),
            *torch.cat(figures, dim=1).T.numpy().astype(np.float32),
        ]
        arrays = [pa.array(v, field.type) for v, field in zip(values, self.columns, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.columns)

    def _scores(self, ready: Sequence[Ready], measured: Measured) -> Tensor:
        """(N, branches) of the chosen method, picture by picture."""
        rows = []
        places = branches_of(self.classifier.network)
        for one, target in zip(ready, measured.logits.argmax(dim=1).tolist(), strict=True):
            trace = self.classifier.trace(one.picture, fit=self.fit)
            scores = contributions(self.classifier, trace, target, self.method)
            rows.append([scores.get(*place) for place in places])
        return torch.tensor(rows, dtype=torch.float64)


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
