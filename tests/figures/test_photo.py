"""What is laid over a photo."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from inception_viz.figures import veil


def test_a_veil_hides_most_where_the_map_is_strongest() -> None:
    values = np.array([[0.0, 1.0], [4.0, 2.0]])
    with Image.open(io.BytesIO(veil(values))) as png:
        assert png.size == (2, 2) and png.mode == "RGBA"
        alpha = np.asarray(png)[:, :, 3].astype(int)
    assert alpha[0, 0] == 0 < alpha[0, 1] < alpha[1, 1] < alpha[1, 0] < 255
    with Image.open(io.BytesIO(veil(np.zeros((7, 7))))) as png:
        assert not np.asarray(png)[:, :, 3].any(), "a flat map hides nothing"
