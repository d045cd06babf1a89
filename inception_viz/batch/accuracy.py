"""How often classifiers are right about photos in class folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inception_viz.classifier import Classifier
from inception_viz.errors import ImageError, WeightsError
from inception_viz.pictures.reading import read_picture

MOST = 200
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


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
    most: int = MOST,
    progress: Callable[[float], None] = lambda _share: None,
) -> FolderAccuracy:
    """Let every classifier answer the photos of a folder that has one folder per class.

    Args:
        classifiers: of the same classes.
        folder: its folders are named like labels; or there are as many as classes, in the labels'
            order.
        most: photos in all, evenly from each class, the first by name.
        progress: is told the share that is done; what it raises stops the work.

    Raises:
        WeightsError: if the folder doesn't exist or fits no classes.
    """
    root = Path(folder).expanduser()
    labels = classifiers[0].labels
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir())
    except OSError as error:
        raise WeightsError(f"{root} can't be opened as a folder ({error.strerror}).") from error
    classes, in_order = _match([path.name for path in folders], labels)
    if not classes:
        raise WeightsError(
            f"{root} must have one folder per class, named like the labels ({labels[0]}, …), or "
            f"{len(labels)} folders in their order; it has {len(folders)}."
        )
    each = max(most // len(classes), 1)
    samples = [
        (path, index) for name, index in classes.items() for path in _photos(root / name)[:each]
    ]
    if not samples:
        raise WeightsError(f"There are no photos in the class folders of {root}.")
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


def _photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def _match(names: Sequence[str], labels: Sequence[str]) -> tuple[dict[str, int], bool]:
    """Folder → class, and whether only their order was to go by."""
    known: dict[str, int] = {}
    for index, label in enumerate(labels):
        for synonym in (label, *label.split(",")):
            known.setdefault(synonym.strip().lower(), index)
    found = {
        name: known[text] for name in names if (text := name.replace("_", " ").lower()) in known
    }
    if found:
        return found, False
    if len(names) == len(labels):
        return {name: index for index, name in enumerate(names)}, True
    return {}, False
