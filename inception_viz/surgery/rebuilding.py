"""Carry weights over from one architecture to another.

Fewer filters: the strongest stay, and what reads them is sliced, so that the new network is exactly
the old one with the other filters' activations at zero. More filters: what reads them gives them
the weight zero, so that no answer changes until they are trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import plan
from inception_viz.classifier import Classifier
from inception_viz.errors import WeightsError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.base import HeadFit, Weights
from inception_viz.surgery.matching import match_modules
from inception_viz.surgery.operation import Keep, Surgeon
from inception_viz.surgery.report import Operation


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
            stage and order, see :func:`~inception_viz.surgery.matching.match_modules`.
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
    used = set(matched.values())
    notes = _notes(old.config, config)
    weights = _weights(
        classifier.weights, surgeon, config, f"{keep}{seed}{sorted(matched.items())}"
    )
    title = classifier.title.removesuffix(", rebuilt")
    return Operation(
        Classifier(weights, f"{classifier.source.removesuffix('-rebuilt')}-rebuilt",
                   f"{title}, rebuilt", classifier),
        tuple(surgeon.fates),
        matched,
        tuple(name for name in old.config.modules if name not in used),
        _count(old),
        notes,
    )  # fmt: skip


def _weights(old: Weights, surgeon: Surgeon, config: GoogLeNetConfig, how: str) -> Weights:
    same = config == old.network.config
    new = {fate.name for fate in surgeon.fates if fate.fate == "new"}
    fresh = {layer.place for layer in plan(config) if layer.name in new}
    heads = tuple(
        head
        for head in old.trained_heads
        if head == "main" or (head in config.heads and head not in fresh)
    )
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
