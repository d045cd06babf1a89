"""One set of rules for folders and ZIPs: which files are pictures, of which class, in which split.

Splits are told by their names in any spelling (train, Training, seg_train, TestSet …) and by what
lies in them: a split holds class folders, a class holds pictures. Test data is left aside; it
enters neither training nor validation.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from inception_viz.errors import DataError
from inception_viz.files.foreign import shown

T = TypeVar("T")
Split = Literal["train", "val", "test", "unlabelled"]
NAMED_AT_MOST = 5
_TOOLS = {
    "__macosx",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "__pycache__",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
}
_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "eval", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
    **dict.fromkeys(("pred", "predict", "unlabeled", "unlabelled"), "unlabelled"),
}
_NEUTRAL = {"seg", "set", "data", "dataset", "image", "images", "img", "imgs", "photos", "split"}


class SplitQuestionError(DataError):
    """It is not clear whether folders are parts of the data or classes; the user must say."""


@dataclass(frozen=True)
class File(Generic[T]):
    """A file, by its path's parts below the data's folder.

    ``unfit``: why it is no picture that can be read, to follow its name; "" if it is one.
    """

    parts: tuple[str, ...]
    entry: T
    unfit: str = ""


@dataclass(frozen=True)
class Arrangement(Generic[T]):
    """What was found.

    Attributes:
        labels: the classes, by name.
        train, validation: (entry, class) of each picture; ``validation`` is None where the data
            has no split of its own.
        left_out: what was not used and why, a sentence each.
        names: of the folders that were taken for splits.
    """

    labels: tuple[str, ...]
    train: tuple[tuple[T, int], ...]
    validation: tuple[tuple[T, int], ...] | None
    left_out: tuple[str, ...]
    names: dict[str, Split]


def is_made_by_a_tool(name: str) -> bool:
    """Whether a file or folder is hidden, or one that systems and programs leave behind."""
    return name.startswith(".") or name.lower() in _TOOLS


def split_of(name: str) -> Split | None:
    """The part of the data that a folder's name speaks of, in any spelling; None for a class."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    cut = [re.sub(r"(?<=.)(set|data|images|imgs)$", "", word) for word in words]
    kinds = {_WORDS[word] for word in cut if word in _WORDS}
    rest = [word for word in cut if word not in _WORDS and word not in _NEUTRAL]
    return kinds.pop() if len(kinds) == 1 and not rest else None


def arrange(
    files: Iterable[File[T]],
    folders: Collection[tuple[str, ...]] = (),
    *,
    where: str = "It",
    splits: bool | None = None,
) -> Arrangement[T]:
    """Find classes and splits.

    Args:
        files: everything there is.
        folders: the folders, to notice empty ones.
        where: what holds them, for sentences.
        splits: whether folders called like splits are splits; None decides by what lies in them.

    Raises:
        SplitQuestionError: if that can't be decided.
        DataError: if there are no class folders.
    """
    reasons: dict[str, list[str]] = defaultdict(list)
    pictures: list[File[T]] = []
    tools = {part for path in folders for part in path if is_made_by_a_tool(part)}
    for file in files:
        made = {part for part in file.parts if is_made_by_a_tool(part)}
        tools |= made
        if file.unfit and not made:
            reasons[file.unfit].append("/".join(file.parts))
        elif not made:
            pictures.append(file)
    around = _around([file.parts for file in pictures])
    pictures = [File(file.parts[around:], file.entry) for file in pictures]
    inner = {f[around:] for f in folders if not any(map(is_made_by_a_tool, f))} - {()}
    outside = [file for file in pictures if len(file.parts) == 1]
    if outside:
        reasons["lies outside the class folders"] += ["/".join(file.parts) for file in outside]
    pictures = [file for file in pictures if len(file.parts) > 1]
    names = _splits(pictures, splits, where)
    parts: dict[Split, list[File[T]]] = defaultdict(list)
    for file in pictures:
        parts[names.get(file.parts[0], "train")].append(
            File(file.parts[1:], file.entry) if file.parts[0] in names else file
        )
    said = [f'{len(parts["test"]):,} pictures of the test data are kept aside: nothing may learn '
            "from them or be chosen by them."] if parts["test"] else []  # fmt: skip
    if parts["unlabelled"]:
        said.append(f"{len(parts['unlabelled']):,} pictures have no class and are left out.")
    train, labels = _classes(parts["train"], reasons)
    empty = _empty(labels, inner, names)
    if len(labels) < 2:
        known = [*labels, *empty]
        raise DataError(
            _too_few(where, labels, parts["train"], reasons)
            if len(known) < 2
            else _nothing_in(empty)
        )
    validation = None
    if parts["val"]:
        judged, other = _classes(parts["val"], reasons)
        odd = sorted(set(labels) ^ set(other))
        if odd:
            raise DataError(
                f"The folders to learn from and to be judged by in {where} don't have the same "
                f"classes: {listed(odd)}. Give every class a folder in both."
            )
        validation = judged
    if empty:
        raise DataError(_nothing_in(empty))
    twins = [label for label in labels if [x.lower() for x in labels].count(label.lower()) > 1]
    if twins:
        said.append(f"{listed(twins)} differ only in capitals and stay classes of their own.")
    if tools:
        quoted = ", ".join(f'"{shown(name)}"' for name in sorted(tools)[:NAMED_AT_MOST])
        said.append(f"Left out, because systems and programs make such files: {quoted}.")
    return Arrangement(labels, train, validation, (*said, *_sentences(reasons)), names)


def _around(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders lie around everything."""
    depth = 0
    while (
        paths
        and all(len(path) > depth + 2 for path in paths)
        and len({path[depth] for path in paths}) == 1
    ):
        depth += 1
    return depth


def _splits(pictures: Sequence[File[T]], wanted: bool | None, where: str) -> dict[str, Split]:
    """Folder → split, for the outermost folders; {} if they are classes."""
    depths: dict[str, set[int]] = defaultdict(set)
    for file in pictures:
        depths[file.parts[0]].add(len(file.parts))
    named = {name: split for name in depths if (split := split_of(name))}
    if not named or wanted is False or (len(depths) == 1 and {2} in depths.values()):
        return {}
    flat = [name for name in named if depths[name] == {2} and named[name] != "unlabelled"]
    others = sorted(set(depths) - set(named))
    if wanted or not (flat or others):
        return named | dict.fromkeys(others, "unlabelled")
    if others and len(flat) == len([n for n in named if named[n] != "unlabelled"]):
        return {}  # a class that happens to be called train, among others
    quoted = " and ".join(f'"{shown(name)}"' for name in sorted(named)[:NAMED_AT_MOST])
    inside = where[0].lower() + where[1:] if where.startswith("This ") else where
    raise SplitQuestionError(
        f"Are the folders {quoted} in {inside} parts of the data, or classes? "
        + (f"Beside them lies {listed(others)}. " if others else "No class folders lie in them. ")
        + "Parts of the data hold one folder per class; say which they are."
    )


def _classes(
    files: Sequence[File[T]], reasons: dict[str, list[str]]
) -> tuple[tuple[tuple[T, int], ...], tuple[str, ...]]:
    """Pictures with their class; a single folder around the classes is stepped into."""
    around = _around([file.parts for file in files])
    inside = [File(file.parts[around:], file.entry) for file in files]
    loose = ["/".join(file.parts) for file in inside if len(file.parts) == 1]
    if loose:
        reasons["lies outside the class folders"] += loose
    inside = [file for file in inside if len(file.parts) > 1]
    labels = tuple(sorted({file.parts[0] for file in inside}))
    number = {label: index for index, label in enumerate(labels)}
    ordered = sorted(inside, key=lambda file: file.parts)
    return tuple((file.entry, number[file.parts[0]]) for file in ordered), labels


def _empty(
    labels: Sequence[str], folders: Collection[tuple[str, ...]], names: dict[str, Split]
) -> list[str]:
    """Class folders without a picture."""
    tops = {path[1:] if path[0] in names else path for path in folders}
    beside = {path[0] for path in tops if len(path) == 1}
    return sorted(beside - set(labels) - set(names)) if set(labels) & beside else []


def _nothing_in(empty: Sequence[str]) -> str:
    folders = "the folder" if len(empty) == 1 else "these folders"
    return f"No pictures in {listed(empty)}. Put some in, or remove {folders}."


def _too_few(
    where: str, labels: Sequence[str], files: Sequence[File[T]], reasons: dict[str, list[str]]
) -> str:
    found = f'one class, "{shown(labels[0])}"' if labels else "no class folders with pictures"
    others = " ".join(_sentences(reasons))
    return (
        f"{where} has {found}. Put the pictures of each class in a folder of its own, at least two "
        f"classes; the folders' names become labels. {others}"
    ).strip()


def _sentences(reasons: dict[str, list[str]]) -> list[str]:
    said = []
    for reason, paths in sorted(reasons.items()):
        if len(paths) == 1:
            said.append(f"{shown(paths[0], 80)} {reason}. It is left out.")
        else:
            said.append(
                f"{len(paths):,} files left out ({listed(paths, NAMED_AT_MOST)}): each {reason}."
            )
    return said


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names for a sentence, not too many."""
    more = len(names) - most
    return ", ".join(shown(name, 80) for name in names[:most]) + (
        f" and {more} more" if more > 0 else ""
    )
