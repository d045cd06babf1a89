"""The two sides of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

from app.session.scene import Scene


@dataclass(frozen=True)
class Pair:
    """Two scenes that share the photo or the model."""

    first: Scene
    second: Scene

    @property
    def sides(self) -> tuple[Scene, Scene]:
        """Both."""
        return self.first, self.second

    @property
    def same_photo(self) -> bool:
        """Whether it is one photo on two networks."""
        return self.first.trace.picture.sha256 == self.second.trace.picture.sha256

    @property
    def names(self) -> tuple[str, str]:
        """What tells the sides apart: their models, or their photos."""
        if self.same_photo:
            return self.first.model.title, self.second.model.title
        return self.first.photo, self.second.photo
