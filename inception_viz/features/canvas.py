"""Pictures that gradients paint: Fourier coefficients of colours that vary independently.

Source: Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017, section
"Preconditioning and Parameterization". Each coefficient moves by what it is in photos, so that no
frequency and no colour runs ahead.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_DEVIATION = 0.01  # of a coefficient at first
_STRETCH = 4.0
# A root of the covariance of red, green and blue over 7,140 photos, its longest column of length 1
# (`benchmarks/features.py colours`). Columns: light, red against blue, green against magenta.
_COLOURS = (
    (-0.564, 0.203, 0.049),
    (-0.583, -0.010, -0.107),
    (-0.586, -0.186, 0.059),
)


class Canvas:
    """N square pictures, each of its own seed or photo; the same whatever lies beside it.

    Attributes:
        coefficients: (N, 3, size, size // 2 + 1, 2), what a gradient step changes: the real and
            imaginary parts of the Fourier coefficients, each by its usual size.
    """

    def __init__(self, seeds: Sequence[int], size: int) -> None:
        """Noise that is nearly grey: one picture a seed, of an even ``size`` in pixels."""
        self._size = size
        self._scale = _usual_sizes(size)
        self._imaginary = torch.ones(size // 2 + 1)  # the ends are real, else nothing defines them
        self._imaginary[:: size // 2] = 0
        shape = (3, size, size // 2 + 1, 2)
        noise = [torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds]
        self.coefficients = (_DEVIATION * torch.stack(noise)).requires_grad_()

    def show(self, pictures: Tensor) -> None:
        """Begin with ``pictures`` (N, 3, size, size), values 0 to 1."""
        values = torch.logit(pictures.double().clamp(0.02, 0.98))
        colours = torch.tensor(_COLOURS, dtype=torch.float64).inverse()
        values = torch.einsum("dc,nchw->ndhw", colours, values) * _STRETCH
        spectrum = torch.view_as_real(torch.fft.rfft2(values))
        with torch.no_grad():
            self.coefficients.copy_(spectrum / self._scale.double())

    def pixels(self) -> Tensor:
        """The pictures now: (N, 3, size, size), values 0 to 1; differentiable."""
        rows = torch.fft.ifft(torch.view_as_complex(self.coefficients * self._scale), dim=2)
        rows = torch.complex(rows.real, rows.imag * self._imaginary)
        values = torch.fft.irfft(rows, n=self._size, dim=3)
        colours = torch.tensor(_COLOURS)
        return torch.sigmoid(torch.einsum("cd,ndhw->nchw", colours, values / _STRETCH))


def _usual_sizes(size: int) -> Tensor:
    """(size, size // 2 + 1, 1): in photos a coefficient falls with its frequency."""
    down, across = torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None]
    frequency = torch.hypot(down, across).clamp(min=1 / size)
    return (size / frequency)[..., None]
