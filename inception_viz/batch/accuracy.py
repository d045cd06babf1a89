"""How often classifiers are right about photos in class folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inception_viz.classifier import Classifier
from inception_viz.errors import BatchError, ImageError
from inception_viz.files.paths import typed_path
from inception_viz.pictures.reading import read_picture
from inception_viz.training.data import class_folders, pictures_in

MAX_PHOTOS = 200


@dataclass(frozen=True)
class FolderAccuracy:
    """What was found.

    Attributes:
        right: right answers, one figure a classifier.
        photos: that were looked at.
        unreadable: files that could not be.
        in_order: whether the folders were taken for the classes in alphabetical order, because
            their names are no labels.
    """

    right: tuple[int, ...]
    photos: int
    unreadable: int
    in_order: bool


def accuracy_on_folder(
    classifiers: Sequence[Classifier],
    folder: str | Path,
    *,
    photos: int = MAX_PHOTOS,
    progress: Callable[[float], None] = lambda _share: None,
) -> FolderAccuracy:
    """Let every classifier answer the photos of a folder that has one folder per class.

    Args:
        classifiers: of the same classes.
        folder: its folders are named like labels; or there are as many as classes, in the labels'
            order.
        photos: at most so many in all, evenly from each class, the first by name.
        progress: is told the share that is done; what it raises stops the work.

    Raises:
        BatchError: if the folder fits no classes.
        FileError: if it can't be read.
    """
    root = typed_path(folder)
    labels = classifiers[0].labels
    folders = class_folders(root)
    classes, in_order = _match([path.name for path in folders], labels)
    if not classes:
        raise BatchError(
            f"{root} must have one folder per class, named like the labels ({labels[0]}, …), or "
            f"{len(labels)} folders in their order; it has {len(folders)}."
        )
    each = max(photos // len(classes), 1)
    samples = [
        (path, index) for name, index in classes.items() for path in pictures_in(root / name)[:each]
    ]
    if not samples:
        raise BatchError(f"There are no photos in the class folders of {root}.")
    right, unreadable = [0] * len(classifiers), 0
    for done, (path, index) in enumerate(samples):
        progress(done / len(samples))
        try:
            picture = read_picture(path)
        except ImageError:
            unreadable += 1
            continue
        for place, classifier in enumerate(classifiers):
            right[place] += int(classifier.trace(picture).logits.argmax()) == index
    progress(1.0)
    return FolderAccuracy(tuple(right), len(samples) - unreadable, unreadable, in_order)


def _match(names: Sequence[str], labels: Sequence[str]) -> tuple[dict[str, int], bool]:
    """Folder → class, and whether only their order was to go by."""
    known: dict[str, int] = {}
    for index, label in enumerate(labels):
        for synonym in (label, *label.split(",")):
            known.setdefault(synonym.strip().lower(), index)
    texts = {name: name.replace("_", " ").lower() for name in names}
    if named := {name: known[text] for name, text in texts.items() if text in known}:
        return named, False
    in_order = {name: index for index, name in enumerate(names)}
    return (in_order, True) if len(names) == len(labels) else ({}, False)
