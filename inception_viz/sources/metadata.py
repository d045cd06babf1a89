"""What this project's own files say of themselves beside the weights, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import branch_widths, steps
from inception_viz.errors import ConfigError, WeightsError
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.base import HeadFit
from inception_viz.sources.reference import Reference

MAX_TEXT_CHARACTERS = 400
MAX_PHOTOS = 10**10  # that a file may say it was made with


@dataclass(frozen=True)
class Metadata:
    """Entries of a file's metadata; every method raises a WeightsError for what makes no sense.

    Attributes:
        where: the file's name, for sentences.
        entries: name → JSON text.
    """

    where: str
    entries: Mapping[str, str]

    def config(self) -> GoogLeNetConfig | None:
        """The architecture, if the file says it."""
        if "config" not in self.entries:
            return None
        try:
            return GoogLeNetConfig.from_json(self.entries["config"])
        except ConfigError as error:
            raise WeightsError(f"The config inside {self.where} is not valid. {error}") from error

    def value(self, key: str, kind: type) -> Any:
        """The value of ``key`` if it is of that kind; an empty one where nobody wrote it."""
        if key not in self.entries:
            return kind()
        try:
            value = json.loads(self.entries[key])
        except (ValueError, RecursionError) as error:
            raise WeightsError(f'The "{key}" inside {self.where} is not valid JSON.') from error
        if not isinstance(value, kind):
            raise WeightsError(f'The "{key}" inside {self.where} should be a {kind.__name__}.')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of short texts; what isn't text, or can't be shown, is refused."""
        values = self.value(key, list)
        if not all(isinstance(v, str) and v.isprintable() for v in values):
            raise WeightsError(f'The "{key}" inside {self.where} should be a list of plain texts.')
        return tuple(v[:MAX_TEXT_CHARACTERS] for v in values)

    def preprocessing(self) -> Preprocessing | None:
        """How pictures are prepared, if the file says it."""
        stored = self.value("preprocessing", dict)
        if not stored:
            return None
        try:
            mean, std = ([float(v) for v in list(stored[key])] for key in ("mean", "std"))
            scale, channels = float(stored["scale"]), stored["channels"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WeightsError(f"The preprocessing inside {self.where} is incomplete.") from error
        usable = (
            len(mean) == len(std) == 3
            and all(abs(m) <= 1e4 for m in mean)
            and all(1e-4 <= abs(s) <= 1e4 for s in (*std, scale))
            and channels in ("RGB", "BGR")
        )
        if not usable:
            raise WeightsError(f"The preprocessing inside {self.where} makes no sense.")
        return Preprocessing((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]), scale, channels)

    def reference(self, config: GoogLeNetConfig) -> Reference | None:
        """Each branch's usual firing, if it was measured."""
        if "reference" not in self.entries:
            return None
        try:
            reference = Reference.from_json(self.entries["reference"])
            for module in config.modules:
                for branch in branch_widths(steps(config)[module]):
                    mean, std = reference.mean[module][branch], reference.std[module][branch]
                    if not (isfinite(mean) and 0 <= std < float("inf")):
                        raise ValueError("no finite figures")
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise WeightsError(
                f"The reference firing inside {self.where} makes no sense."
            ) from error
        return reference

    def fits(self, config: GoogLeNetConfig) -> dict[str, HeadFit]:
        """The heads that were fitted afterwards; older files give their names alone."""
        older = dict.fromkeys(self.texts("distilled_heads"), HeadFit())
        try:
            stored = {
                head: HeadFit(
                    int(fit["photos"]),
                    str(fit["data"])[:MAX_TEXT_CHARACTERS],
                    int(fit["judged"]),
                    float(fit["first"]),
                    float(fit["in_five"]),
                )
                for head, fit in self.value("fits", dict).items()
            }
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WeightsError(
                f"What {self.where} says of its fitted heads makes no sense."
            ) from error
        for fit in stored.values():
            shares = 0 <= fit.first <= 1 and 0 <= fit.in_five <= 1
            counts = 0 <= fit.photos <= MAX_PHOTOS and 0 <= fit.judged <= MAX_PHOTOS
            if not (shares and counts and fit.data.isprintable()):
                raise WeightsError(f"What {self.where} says of its fitted heads makes no sense.")
        return {head: fit for head, fit in (older | stored).items() if head in config.heads}
