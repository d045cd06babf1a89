"""Sources whose official file is downloaded as it is and read from the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from inception_viz.errors import WeightsError
from inception_viz.files.cache import cached, set_aside
from inception_viz.files.downloads import Progress, download
from inception_viz.files.paths import is_file
from inception_viz.sources.base import Source, Weights
from inception_viz.sources.file import load_file


def official_source(
    *,
    source: str,
    title: str,
    summary: str,
    url: str,
    files: Sequence[str],
    download_bytes: int,
    is_right: Callable[[Weights], bool],
    checksum: str = "",
    notes: tuple[str, ...] = (),
) -> Source:
    """A source that one download brings.

    Args:
        source, title, summary, download_bytes: id and the rest, as in
            :class:`~inception_viz.sources.base.Source`.
        url: the official address; its checksum as in
            :func:`~inception_viz.files.downloads.download`.
        files: names under which it may lie in the cache; the download takes the first.
        is_right: whether a file that could be read is the network that it should be.
        notes: what is said of it, besides what its reader says.
    """

    def path() -> Path | None:
        return next((cached(name) for name in files if is_file(cached(name))), None)

    def load() -> Weights:
        found = path()
        if found is None:
            raise WeightsError(
                f"The weights of {title} are not on this computer yet. Download them, or put "
                f"{files[0]} into {cached(files[0]).parent}."
            )
        weights = load_file(found)
        if not is_right(weights):
            raise WeightsError(
                f"{found} is another network than {title}. Download the right one; to use this "
                "one, choose it as a file of yours."
            )
        return replace(weights, notes=(*notes, *weights.notes))

    def fetch(progress: Progress | None = None) -> None:
        found = path()
        if found is not None:
            try:
                load()
                return
            except WeightsError:
                set_aside(found)
        download(url, cached(files[0]), checksum=checksum, progress=progress)

    def available() -> bool:
        return path() is not None

    return Source(
        id=source,
        title=title,
        summary=summary,
        load=load,
        available=available,
        fetch=fetch,
        download_bytes=download_bytes,
        where=url,
        fetched=available,
    )
