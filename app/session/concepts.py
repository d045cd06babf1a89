"""Examples of a concept that this session holds, and what was found with them."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

import inception_viz as iv
from app.server.jobs import Job, Jobs, Progress
from app.session import traces, uploads
from app.session.held import Held
from app.session.scene import Scene
from inception_viz.explain import within
from inception_viz.features import (
    Dependence,
    Examples,
    Texture,
    averages,
    dependence,
    others,
    square,
    textures,
)
from inception_viz.figures import data_url, jpeg

Side = Literal["with", "without"]
MOST = 30  # examples a side
TEXTURES: tuple[Texture, ...] = get_args(Texture)

_concepts = Jobs(kept=8)
_effects = Jobs(kept=64)
_files = Jobs(kept=8)


@dataclass(frozen=True)
class Photo:
    """One example, as the square that a network sees.

    Attributes:
        id: of its pixels.
        name: what it is called.
        content: a JPEG.
    """

    id: str
    name: str
    content: bytes = field(repr=False)

    @property
    def small(self) -> str:
        """As a data URL."""
        return data_url(self.content)

    @property
    def picture(self) -> Image.Image:
        """Decoded."""
        return Image.open(io.BytesIO(self.content)).convert("RGB")


@dataclass
class _State:
    sides: dict[Side, dict[str, Photo]] = field(default_factory=lambda: {"with": {}, "without": {}})
    taken: set[str] = field(default_factory=set)  # uploads that were added, by Streamlit's id


_state = Held("concept_examples", _State)


def photos(side: Side) -> list[Photo]:
    """The examples of a side, in the order in which they came."""
    return list(_state().sides[side].values())


def add(side: Side, name: str, image: Image.Image) -> None:
    """Keep an example; one that is there already, on either side, moves to this one."""
    state, content = _state(), jpeg(image, quality=92)
    photo = Photo(hashlib.sha256(content).hexdigest(), name, content)
    for photos_ in state.sides.values():
        photos_.pop(photo.id, None)
    if len(state.sides[side]) < MOST:
        state.sides[side][photo.id] = photo


def add_scene(side: Side, scene: Scene) -> None:
    """Keep what the network sees of the photo at hand."""
    add(side, scene.photo, square(scene.trace.picture, scene.trace.fitting.fit))


def take(side: Side, files: Sequence[UploadedFile]) -> list[str]:
    """Keep those of ``files`` that are new; what is wrong with others, in sentences."""
    state, wrong = _state(), []
    for file in files:
        if file.file_id in state.taken:
            continue
        state.taken.add(file.file_id)
        try:
            add(side, file.name, square(iv.read_picture(file.getvalue(), name=file.name)))
        except iv.ImageError as error:
            wrong.append(str(error))
    return wrong


def remove(side: Side, id_: str) -> None:
    """Let go of one."""
    _state().sides[side].pop(id_, None)


def clear() -> None:
    """Let go of all examples."""
    _state().sides = {"with": {}, "without": {}}


def try_texture(kind: Texture) -> None:
    """Fill both sides with textures made by rule, twenty of this kind, ten of two others."""
    clear()
    for number, image in enumerate(textures(kind, 20), 1):
        add("with", f"{kind} {number}", image)
    for other in TEXTURES:
        if other == kind:
            continue
        for number, image in enumerate(textures(other, 10, seed=1), 1):
            add("without", f"{other} {number}", image)


def open_file(file: UploadedFile) -> Job[iv.Concept]:
    """A saved concept; its error is a FileError."""
    return uploads.read("concept_file", file, _files, lambda _name, data: _loaded(data))


def _loaded(data: bytes) -> iv.Concept:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "concept.safetensors"
        path.write_bytes(data)
        return iv.Concept.load(path)


def saved(concept: iv.Concept) -> bytes:
    """The concept as a file's content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "concept.safetensors"
        concept.save(path)
        return path.read_bytes()


def finding(model: iv.Classifier, name: str) -> Job[iv.Concept]:
    """Look for what the examples have in common; its error is an ExplainError for too few."""
    with_it, without = photos("with"), photos("without")
    key = (model.key, name, tuple(p.id for p in with_it), tuple(p.id for p in without))

    def work(progress: Progress) -> iv.Concept:
        other = _of_others(model, within(progress, 0, 2))
        examples = [(iv.read_picture(p.picture), "squash") for p in (*with_it, *without)]
        found = averages(model, examples, progress=within(progress, 1, 2))  # type: ignore[arg-type]
        cut = len(with_it)
        first, second = (
            {place: rows[part] for place, rows in found.items()}
            for part in (slice(cut), slice(cut, None))
        )
        return iv.concept(model, first, second if without else None, name=name, other=other)

    return _concepts.get(key, work)


_others: dict[str, Examples] = {}  # by model, of the latest few; of 1 MB each


def _of_others(model: iv.Classifier, progress: Progress) -> Examples:
    """Averages of photos of other things.

    Not behind a lock, as Streamlit's caches are: the work gives others their turn meanwhile, and
    who then waited for the lock would have the turn that this work waits for.
    """
    if model.key not in _others:
        _others[model.key] = averages(model, others(), progress=progress)
        while len(_others) > 4:
            _others.pop(next(iter(_others)), None)
    return _others[model.key]


def depending(
    model: iv.Classifier, trace: iv.Trace, concept: iv.Concept, module: str, target: iv.Target
) -> Job[Dependence]:
    """How much an answer depends on a concept."""
    return _effects.get(
        (traces.key_of(trace), concept.fingerprint, module, target),
        lambda _: dependence(model, trace, concept, module, target),
    )
