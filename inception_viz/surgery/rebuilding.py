"""Carry weights over from one architecture to another.

Fewer filters: the strongest stay, and what reads them is sliced, so that the new network is exactly
the old one with the other filters' activations at zero. More filters: what reads them gives them
the weight zero, so that no answer changes until they are trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from typing import TYPE_CHECKING

from inception_viz.architecture.config import STAGES, GoogLeNetConfig
from inception_viz.architecture.places import Place
from inception_viz.architecture.plan import plan
from inception_viz.classifier import Classifier
from inception_viz.errors import WeightsError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.base import HeadFit, Weights
from inception_viz.surgery.carry import LayerFate
from inception_viz.surgery.operation import Keep, Origins, Surgeon

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Operation:
    """A rebuilt classifier, and what became of the old one's weights.

    Attributes:
        classifier: the new one.
        layers: every layer of it that has weights.
        origins: module → the old module that it continues, or None.
        gone: old modules that no new one continues.
        old_weights: that the old network had.
        notes: sentences about the whole.
    """

    classifier: Classifier
    layers: tuple[LayerFate, ...]
    origins: dict[str, str | None]
    gone: tuple[str, ...]
    old_weights: int
    notes: tuple[str, ...]

    @property
    def carried(self) -> int:
        """Weights that came over."""
        return sum(layer.carried for layer in self.layers)

    @property
    def survived(self) -> float:
        """Part of the old network's weights that came over, 0 to 1."""
        return self.carried / self.old_weights

    @property
    def new_weights(self) -> int:
        """Weights of the new network that start from nothing."""
        return sum(layer.weights - layer.carried for layer in self.layers)

    def to_frame(self) -> pd.DataFrame:
        """One row a layer."""
        import pandas as pd

        return pd.DataFrame([vars(layer) for layer in self.layers])


def match_modules(
    old: GoogLeNetConfig, new: GoogLeNetConfig, asked: Mapping[str, str | None] | None = None
) -> Origins:
    """New module → the old module that it continues, or None.

    ``asked`` decides where it is given; a name that doesn't exist counts as None. Otherwise modules
    are matched within their stage: in order if there are as many as before; else those with equal
    rows first, those between them in order.
    """
    if asked is not None:
        known = {name: asked.get(name) for name in new.modules}
        return {name: one if one in old.modules else None for name, one in known.items()}
    origins: Origins = {}
    for stage in STAGES:
        before, after = (
            [name for name in config.modules if Place(name).stage == str(stage)]
            for config in (old, new)
        )
        if len(before) == len(after):
            origins.update(zip(after, before, strict=True))
            continue
        origins.update(dict.fromkeys(after))
        matcher = SequenceMatcher(
            None, [old.modules[n] for n in before], [new.modules[n] for n in after], autojunk=False
        )
        for _, i, i_end, j, j_end in matcher.get_opcodes():
            origins.update(zip(after[j:j_end], before[i:i_end], strict=False))
    return origins


def rebuild(
    classifier: Classifier,
    config: GoogLeNetConfig,
    *,
    keep: Keep = "norm",
    origins: Mapping[str, str | None] | None = None,
    seed: int = 0,
) -> Classifier:
    """A classifier of another architecture, with ``classifier``'s weights where they fit.

    As :func:`operate`, which also reports what became of each layer.
    """
    return operate(classifier, config, keep=keep, origins=origins, seed=seed).classifier


def operate(
    classifier: Classifier,
    config: GoogLeNetConfig,
    *,
    keep: Keep = "norm",
    origins: Mapping[str, str | None] | None = None,
    seed: int = 0,
) -> Operation:
    """Rebuild ``classifier`` as ``config`` and say what became of each layer.

    Layers that stay as they are use ``classifier``'s own tensors, so a rebuilt network takes only
    the memory of what is new in it. Train a copy, not the classifier's network.

    Args:
        classifier: the old one; it stays as it is.
        config: the new architecture.
        keep: which filters stay where there are fewer: those with the longest weights (``norm``),
            or those with the highest mean activation over the source's reference photos, where it
            was measured (``activation``).
        origins: new module → the old one that it continues, or None for a new one. Default: by
            stage and order, see :func:`match_modules`.
        seed: of new filters' random weights.

    Raises:
        WeightsError: for an unknown ``keep``.
    """
    if keep not in ("norm", "activation"):
        raise WeightsError(f'"{keep:.40}" is no way to choose filters; use norm or activation.')
    old = classifier.network
    matched = match_modules(old.config, config, origins)
    surgeon = Surgeon(
        old, config, matched, keep=keep, reference=classifier.weights.reference, seed=seed
    )
    surgeon.operate()
    how = f"{keep}{seed}{sorted(matched.items())}"
    rebuilt = Classifier(
        _weights(classifier.weights, surgeon, config, how),
        f"{classifier.source.removesuffix('-rebuilt')}-rebuilt",
        f"{classifier.title.removesuffix(', rebuilt')}, rebuilt",
        classifier,
    )
    gone = tuple(name for name in old.config.modules if name not in matched.values())
    fates, notes = tuple(surgeon.fates), _notes(old.config, config)
    return Operation(rebuilt, fates, matched, gone, _count(old), notes)


def _weights(old: Weights, surgeon: Surgeon, config: GoogLeNetConfig, how: str) -> Weights:
    same = config == old.network.config
    new = {fate.name for fate in surgeon.fates if fate.fate == "new"}
    fresh = {layer.place for layer in plan(config) if layer.name in new}
    there = {"main", *config.heads.keys() - fresh}
    heads = tuple(head for head in old.trained_heads if head in there)
    labels = old.labels[: config.classes]
    labels += tuple(f"class {i}" for i in range(len(labels), config.classes))
    share = sum(fate.carried for fate in surgeon.fates) / max(_count(surgeon.network), 1)
    note = (
        f"Rebuilt: {100 * share:.0f} % of its weights come from another network; not trained since."
    )
    digest = sha256(f"{config.to_json()} {how}".encode()).hexdigest()[:12]
    return Weights(
        surgeon.network,
        old.preprocessing,
        labels,
        heads,
        old.notes if same else (*(n for n in old.notes if not n.startswith("Rebuilt:")), note),
        old.fingerprint if same else f"{old.fingerprint[:40]}+{digest}",
        old.reference if same else None,
        {h: fit if same else HeadFit() for h, fit in old.fits.items() if h in heads},
    )


def _count(network: GoogLeNet) -> int:
    """Weights of convolutions and linear layers."""
    return sum(p.numel() for p in network.parameters() if p.ndim > 1)


def _notes(old: GoogLeNetConfig, new: GoogLeNetConfig) -> tuple[str, ...]:
    notes = []
    if old.norm != new.norm:
        if "lrn" in (old.norm, new.norm):
            change = "gone from" if old.norm == "lrn" else "new in"
            notes.append(
                f"The local response normalisation is {change} the stem, so everything after it "
                "sees other values."
            )
        if old.norm == "batch":
            notes.append("The batch norms were folded into their convolutions, which is exact.")
        elif new.norm == "batch":
            notes.append("The new batch norms do nothing until they are trained.")
    if old.norm == new.norm == "lrn" and old.lrn != new.lrn:
        notes.append("The local response normalisation has other constants: all values change.")
    if old.padding != new.padding:
        notes.append("Pictures and maps are padded in another way: they shift a little.")
    if old.pool4 != new.pool4:
        notes.append("The pool in front of stage 5 has another size: its maps shift a little.")
    if old.input_size != new.input_size:
        notes.append(f"It looks at {new.input_size} px now instead of {old.input_size} px.")
    if old.classes != new.classes:
        notes.append(f"It has {new.classes} classes now instead of {old.classes}.")
    return tuple(notes)
