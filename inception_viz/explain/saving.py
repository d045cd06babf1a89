"""Results as files that are whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inception_viz.errors import ExplainError, WeightsError
from inception_viz.files.cache import atomic_write


@contextmanager
def saving(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes ``path``'s place on success.

    Raises:
        ExplainError: if it can't be written.
    """
    try:
        with atomic_write(path) as temporary:
            yield temporary
    except (OSError, WeightsError) as error:  # atomic_write speaks of the cache; this is a result
        reason = error.__cause__ if isinstance(error, WeightsError) else error
        why = getattr(reason, "strerror", None) or reason
        raise ExplainError(
            f"{path} can't be written ({why}). Free some space or choose another folder."
        ) from error
