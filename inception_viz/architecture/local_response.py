"""The constants of local response normalisation, which differ between frameworks' GoogLeNets."""

from __future__ import annotations

from dataclasses import dataclass, fields

from inception_viz.errors import ConfigError


@dataclass(frozen=True)
class LrnConfig:
    """x / (k + alpha/size · Σ x² over ``size`` neighbouring channels)^beta.

    Source: Krizhevsky et al. 2012, section 3.3; the paper's and Caffe's constants. Alpha is divided
    by the size, as in Caffe, ONNX and PyTorch; TensorFlow does not divide.
    """

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0


_RANGES = {"alpha": (0.0, 10.0), "beta": (0.0, 4.0), "k": (1e-6, 1000.0)}
MAX_SIZE = 63


def check_lrn(lrn: object) -> None:
    """Raise :class:`ConfigError` unless the constants can be computed with."""
    if not isinstance(lrn, LrnConfig):
        raise ConfigError(f"lrn must be an LrnConfig, not {lrn!r:.60}.", column="lrn")
    if type(lrn.size) is not int or not 1 <= lrn.size <= MAX_SIZE or lrn.size % 2 == 0:
        raise ConfigError(
            f"The norm's size {lrn.size!r:.60} is no odd number of channels from 1 to {MAX_SIZE}.",
            column="lrn",
        )
    for name in [field.name for field in fields(lrn) if field.name in _RANGES]:
        value, (low, high) = getattr(lrn, name), _RANGES[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and low <= value <= high):  # NaN is neither
            raise ConfigError(
                f"The norm's {name} {value!r:.60} is out of range; use {low:g} to {high:g}.",
                column="lrn",
            )
