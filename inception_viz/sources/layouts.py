"""Which network a dictionary of tensors is: families of names, and what each leaves unsaid.

A family is one file and one entry in :data:`FAMILIES`. It says how its names translate into ours;
widths, kernels, norms, heads and classes follow from names and shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import ConfigError, WeightsError
from inception_viz.files.foreign import shown
from inception_viz.sources import caffe_layout, inception5h_layout, own_layout, torchvision_layout
from inception_viz.sources.family import Family, Known
from inception_viz.sources.shapes import config_of
from inception_viz.sources.stored import State

OWN = own_layout.FAMILY
FAMILIES: tuple[Family, ...] = (
    OWN,
    torchvision_layout.FAMILY,
    caffe_layout.FAMILY,
    caffe_layout.ZOO,
    inception5h_layout.FAMILY,
    inception5h_layout.LUCENT,
    inception5h_layout.CAPTUM,
)
NO_HEADS_NOTE = "This file has no auxiliary heads."
_HEADS = ("aux1", "aux2")
_LINEAR = {"aux1": "aux.aux1.classifier", "aux2": "aux.aux2.classifier", "main": "classifier"}


@dataclass(frozen=True)
class Layout:
    """A recognised network.

    Attributes:
        config: its architecture.
        state: its tensors by our names; in the shapes that our network has.
        names: our name → the name in the file.
        notes: what was left out or assumed, one sentence each, for the user.
        known: preprocessing and class names that go with such a network.
    """

    config: GoogLeNetConfig
    state: State
    names: dict[str, str]
    notes: tuple[str, ...]
    known: Known


def family_of(names: Mapping[str, object]) -> tuple[Family, str] | None:
    """The family that these names belong to, and the prefix in front of all of them."""
    for family in FAMILIES:
        ends = [name.removesuffix(family.marker) for name in names if name.endswith(family.marker)]
        prefixes = [end for end in ends if not end or end[-1] in "./"]
        if prefixes:
            return family, min(prefixes, key=len)
    return None


def read_layout(state: Mapping[str, Tensor], where: str = "The model") -> Layout:
    """Recognise the network; only names and shapes are looked at.

    Any prefix is taken off; what isn't part of the network is left out with a note. A classifier
    may have another name, lie in a sequence, or be a 1×1 convolution. A head that lacks a layer or
    knows other classes is left out with a note.

    Raises:
        WeightsError: in a sentence for the user that begins with ``where``.
    """
    recognised = family_of(state)
    if recognised is None:
        raise WeightsError(
            f"{where} has no weights with names of a GoogLeNet that is known here. Give the config "
            "they were trained with, or save them with this program."
        )
    family, prefix = recognised
    theirs = {name[len(prefix) :]: name for name in state if name.startswith(prefix)}
    strays = [name for name in state if not name.startswith(prefix)]
    found = {name: state[whole] for name, whole in theirs.items()}
    ours: State = {}
    names: dict[str, str] = {}
    left: State = {}
    for name, value in family.converted(found).items():
        layer, _, kind = name.rpartition(".")
        our = family.layer(layer)
        if our is None:
            left[name] = value
        else:
            ours[f"{our}.{kind}"] = value
            names |= {f"{our}.{k}": f"{prefix}{layer}.{k}" for k in ("weight", "bias", kind)}
    _refuse_gaps(ours, where)
    notes: list[str] = []
    notes += _take_classifiers(family, ours, names, left, where)
    for name in left:
        if family.belongs.match(name):
            raise WeightsError(
                f'{where} has the weights "{shown(prefix + name)}", which GoogLeNet has no place '
                "for. It is another network, or was changed beyond one."
            )
    strays += [prefix + name for name in left]
    ours = {name: _shaped(name, value) for name, value in ours.items()}
    classes = len(ours["classifier.weight"])
    dropped = [note for head in _HEADS for note in _drop_head(head, ours, classes)]
    try:
        config = config_of(ours, family.base(ours))
    except ConfigError as error:
        raise WeightsError(f"{where} describes no network that can be built. {error}") from error
    if strays:
        notes.append(_left_out(strays))
    if config.heads and not family.heads_trained:
        notes.append("Its auxiliary heads are shown as they are; they may not have been trained.")
    known = family.known(classes)
    if not config.heads and not dropped:
        dropped = [NO_HEADS_NOTE]
    notes = [*family.notes(config, found), *notes, *dropped, *known.notes]
    return Layout(config, ours, names, tuple(notes), known)


def _refuse_gaps(ours: State, where: str) -> None:
    for name in ours:
        path, reduces, kind = name.partition(".reduce.conv.")
        if reduces and kind == "weight" and f"{path}.conv.conv.weight" not in ours:
            _, module, _, branch = path.split(".")
            raise WeightsError(
                f"{where} lacks the {branch.replace('x', '×')} convolution of module {module}. Use "
                "the complete file."
            )


def _take_classifiers(
    family: Family, ours: State, names: dict[str, str], left: State, where: str
) -> Iterator[str]:
    """Find linear layers under other names: whatever reads what the last module puts out."""
    for head, our in _LINEAR.items():
        if f"{our}.weight" in ours or (head != "main" and f"aux.{head}.fc.weight" not in ours):
            continue
        reads = _inputs(ours, head)
        fits = [
            name.removesuffix(".weight")
            for name, value in left.items()
            if name.endswith(".weight")
            and value.dim() >= 2
            and _matrix(value).shape[1:] == (reads,)
            and family.head_of(name) in (head, "")
        ]
        fits = [name for name in fits if family.head_of(name) == head] or fits
        if len(fits) != 1:
            if head == "main":
                raise WeightsError(_no_classifier(fits, where))
            continue
        (layer,) = fits
        own = layer.rpartition(".")[0]
        below = [
            n for n in left if own and n.startswith(f"{own}.") and not n.startswith(f"{layer}.")
        ]
        if any(left[name].dim() == 2 for name in below):
            raise WeightsError(
                f'The classifier "{shown(own)}" of {_lower(where)} has several layers; GoogLeNet '
                "has one. Networks with such a head can't be shown: train one linear layer in its "
                "place."
            )
        for kind in ("weight", "bias"):
            value = left.pop(f"{layer}.{kind}", None)
            if value is not None:
                ours[f"{our}.{kind}"] = value
                names[f"{our}.{kind}"] = f"{layer}.{kind}"
        for name in below:  # what belongs to no linear layer, such as counters
            left.pop(name)
        if head == "main" and not family.usual(layer):
            yield f'"{shown(layer)}" was taken for the classifier: it reads the last maps.'


def _inputs(ours: State, head: str) -> int:
    """How many numbers a classifier reads."""
    if head != "main":
        return len(_matrix(ours[f"aux.{head}.fc.weight"]))
    last = max((n for n in ours if n.startswith("trunk.") and n[6:7].isdigit()), default="")
    module = last.split(".")[1] if last else ""
    ends = ("1x1.conv.conv.weight", "3x3.conv.conv.weight", "pool.project.conv.weight")
    total = 0
    for name, value in ours.items():
        if name.startswith(f"trunk.{module}.") and name.endswith(ends):
            total += len(value)
    for five in ("conv_b", "conv"):
        value = ours.get(f"trunk.{module}.branches.5x5.{five}.conv.weight")  # type: ignore[assignment]
        if value is not None:
            return total + len(value)
    return total


def _no_classifier(fits: list[str], where: str) -> str:
    if fits:
        listed = ", ".join(f'"{shown(name)}"' for name in fits)
        return f"{where} has more than one layer that could be the classifier: {listed}."
    return (
        f"{where} has no classifier: the layer that turns the last module into classes is missing. "
        "Save the state dict of the whole network, with its last layer."
    )


def _matrix(value: Tensor) -> Tensor:
    """A linear layer's weights (outputs, inputs), also where they are stored in four dimensions."""
    if value.dim() == 4 and value.shape[:2] == (1, 1) and value.shape[2:] != (1, 1):
        return value[0, 0]  # Caffe's old form
    return value.flatten(1) if value.dim() > 2 else value


def _shaped(name: str, value: Tensor) -> Tensor:
    linear = name.startswith("classifier.") or name.rpartition(".")[0].endswith(
        (".fc", ".classifier")
    )
    if name.endswith(".bias") or ".norm." in name:
        return value.flatten() if value.dim() > 1 else value
    return _matrix(value) if linear and value.dim() > 1 else value


def _drop_head(head: str, ours: State, classes: int) -> Iterator[str]:
    """Take a head out that can't answer, and say so."""
    own = [name for name in ours if name.startswith(f"aux.{head}.")]
    layers = {f"aux.{head}.{layer}.weight" for layer in ("conv.conv", "fc", "classifier")}
    last = ours.get(f"aux.{head}.classifier.weight")
    why = ""
    if own and not layers <= set(own):
        why = f"Its head {head} lacks a layer and is left out."
    elif last is not None and len(last) != classes:
        why = f"Its head {head} knows {len(last)} other classes and is left out."
    if why:
        for name in own:
            del ours[name]
        yield why


def _left_out(strays: list[str]) -> str:
    listed = ", ".join(f'"{shown(name)}"' for name in sorted(strays)[:3])
    more = f" and {len(strays) - 3} more" if len(strays) > 3 else ""
    return f"Left out, because they are no part of the network: {listed}{more}."


def _lower(where: str) -> str:
    return where[0].lower() + where[1:] if where.startswith("The ") else where
