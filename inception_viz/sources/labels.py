"""Class names: ImageNet's, and those that lie in or beside a file of weights."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from inception_viz.errors import WeightsError
from inception_viz.files.foreign import decoded, shown

MAX_FILE_BYTES = 4 * 2**20
MAX_CHARACTERS = 400
BESIDE = (  # where class names lie beside "model.pth"; {} stands for its name without the ending
    "{}.txt",
    "{}.json",
    "{}_classes.txt",
    "{}_labels.txt",
    "{}_classes.json",
    "{}_labels.json",
    "classes.txt",
    "labels.txt",
    "class_names.txt",
    "classes.json",
    "labels.json",
    "class_names.json",
    "class_to_idx.json",
    "idx_to_class.json",
    "synset_words.txt",
    "categories_places365.txt",
    "categoryIndex_places205.csv",
    "imagenet_comp_graph_label_strings.txt",
)
_NUMBERED = (
    r"(?P<name>.*\S)[\s,;]+(?P<index>\d+)$",
    r"(?P<index>\d+)[\s,;:]+(?P<name>\S.*)$",
)
_SYNSET = re.compile(r"n\d{8}\s+(?=\S)")


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The 1000 names of ILSVRC 2012 as in torchvision's metadata, in its order."""
    text = (
        resources.files("inception_viz.sources").joinpath("imagenet_labels.json").read_text("utf-8")
    )
    return tuple(json.loads(text))


_NOTHING = re.compile(r"dummy|background|unused \d+")


def are_imagenet(labels: Collection[str]) -> bool:
    """Whether all ``labels`` are ImageNet's, but for those of outputs that stand for no class.

    Only then is it known what they mean: what numbers or words of somebody's own mean, isn't.
    """
    named = {label for label in labels if not _NOTHING.fullmatch(label)}
    return bool(named) and named <= set(imagenet_labels())


def read_labels(path: Path) -> tuple[str, ...]:
    """The class names of a text or JSON file; see :func:`parse_labels`.

    Raises:
        WeightsError: if it can't be read, is too large, or holds what can't be shown.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise WeightsError(f"{path} can't be read ({error.strerror or error}).") from error
    return parse_labels(content, path.name)


def parse_labels(content: bytes, where: str) -> tuple[str, ...]:
    """Class names in the forms that people keep them in.

    Text in UTF-8, UTF-16 or Latin-1: one name a line; or a number and a name, in either order, with
    a space, a comma or a tab between them; or ImageNet's "n01440764 tench, Tinca tinca". JSON: a
    list of names, a mapping of numbers to names ("0": "cat") or of names to numbers ("cat": 0).

    Raises:
        WeightsError: in a sentence for the user.
    """
    if len(content) > MAX_FILE_BYTES:
        raise WeightsError(f"{where} is too large for a list of labels. Give one name a line.")
    text = decoded(content)
    if text.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WeightsError(f"{where} is not valid JSON ({shown(str(error))}).") from error
        names = names_of(value)
        if not names:
            raise WeightsError(
                f'{where} holds no class names: use a list of names, or {{"cat": 0, "dog": 1}}.'
            )
        return names
    lines = text.rstrip().splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.replace("\t", " ").isprintable():
            raise WeightsError(f"Line {number} of {where} is no plain text. Give one name a line.")
    return _from_lines([" ".join(line.split()) for line in lines])


def _from_lines(lines: Sequence[str]) -> tuple[str, ...]:
    lines = [_SYNSET.sub("", line) for line in lines]
    for pattern in _NUMBERED:
        matches = [re.match(pattern, line) for line in lines]
        if lines and all(matches):
            pairs = {m["name"].strip("\"' "): int(m["index"]) for m in matches if m}
            names = _by_index(pairs.items())
            if names:
                return tuple(map(_scene, names))
    return tuple(lines)


def _scene(name: str) -> str:
    """ "/a/art_gallery" → "art gallery", the way of Places' own lists."""
    scene = re.match(r"/\w/(.+)$", name)
    return scene[1].replace("_", " ") if scene else name


def names_of(value: Any) -> tuple[str, ...]:
    """The class names in a list or mapping, in the order of the classes; () if there are none.

    Understands ``["cat", …]``, ``{"cat": 0}``, ``{0: "cat"}`` and ``{"0": ["n02123045", "cat"]}``.
    """
    if isinstance(value, Mapping):
        if len(value) == 1 and not isinstance(next(iter(value.values())), int | str):
            return names_of(next(iter(value.values())))
        items = list(value.items())
        if all(_is_index(v) for _, v in items):
            return _texts(_by_index((str(k), int(v)) for k, v in items))
        if all(_is_index(k) for k, _ in items):
            return _texts(_by_index((_last(v), int(k)) for k, v in items))
        return ()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _texts([_last(v) for v in value])
    return ()


def _is_index(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal() and len(value) < 8
    return isinstance(value, int) and not isinstance(value, bool)


def _last(value: object) -> str:
    """A name; of a synset and a name, the name."""
    if isinstance(value, list | tuple) and value:
        value = value[-1]
    return value if isinstance(value, str) else ""


def _by_index(pairs: Iterable[tuple[str, int]]) -> list[str]:
    """Names in the order of their numbers, which must be 0, 1, 2 … or 1, 2, 3 …"""
    ordered = sorted(pairs, key=lambda pair: pair[1])
    numbers = [number for _, number in ordered]
    if numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] < 2:
        return [name for name, _ in ordered]
    return []


def _texts(names: Sequence[str]) -> tuple[str, ...]:
    """The names, if all of them are ones that can be shown."""
    short = tuple(name.strip()[:MAX_CHARACTERS] for name in names)
    return short if all(name and name.isprintable() for name in short) else ()


def labels_beside(path: Path, classes: int) -> tuple[tuple[str, ...], str]:
    """Class names in a file beside the weights, if one has a name for each class; and its name."""
    for pattern in BESIDE:
        file = path.with_name(pattern.format(path.name.partition(".")[0]))
        try:
            if file.is_file() and file != path:
                labels = read_labels(file)
                if len(labels) == classes:
                    return labels, file.name
        except (WeightsError, OSError):  # no list of names after all
            continue
    return (), ""
