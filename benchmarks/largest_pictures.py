"""The most expensive pictures that are still read: seconds of one core, and memory for a moment.

    python benchmarks/largest_pictures.py

Each is as large as its format may be, in the mode and packing that takes most, and is read in a
process of its own. Memory is what the process grows by at its peak, the file's bytes included.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image

from inception_viz.errors import ImageError
from inception_viz.pictures.reading import Limits, read_picture


def _side(file_format: str) -> int:
    return int(Limits().pixels(file_format) ** 0.5)


def _picture(file_format: str, mode: str, **options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        side = _side(file_format)
        buffer = io.BytesIO()
        Image.effect_noise((512, 512), 90).resize((side, side), Image.Resampling.NEAREST).convert(
            mode
        ).save(buffer, file_format, **options)
        return buffer.getvalue()

    return make


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


CASES: dict[str, Callable[[], bytes]] = {
    "JPEG": _picture("JPEG", "RGB", quality=50),
    "JPEG, CMYK": _picture("JPEG", "CMYK", quality=30),
    "JPEG, progressive": _picture("JPEG", "RGB", quality=50, progressive=True, subsampling=0),
    "PNG": _picture("PNG", "RGB", compress_level=1),
    "PNG, alpha": _picture("PNG", "RGBA", compress_level=1),
    "PNG, 16 bits": _picture("PNG", "I;16", compress_level=1),
    "WebP": _picture("WEBP", "RGB", quality=20, method=0),
    "WebP, alpha, lossless": _picture("WEBP", "RGBA", lossless=True, quality=0, method=0),
    "GIF": _picture("GIF", "L"),
    "BMP, 1 bit": _picture("BMP", "1"),
    "TIFF, deflate": _picture("TIFF", "RGB", compression="tiff_adobe_deflate"),
    "TIFF, CMYK, turned": _picture(
        "TIFF", "CMYK", compression="tiff_adobe_deflate", exif=_turned()
    ),
    "TIFF, float": _picture("TIFF", "F", compression="tiff_adobe_deflate"),
    "TIFF, one strip": _picture(
        "TIFF", "RGB", compression="tiff_adobe_deflate", strip_size=2**31 - 1
    ),
}


def measure(path: Path) -> None:
    data = path.read_bytes()

    def megabytes(name: str) -> float:
        status = Path("/proc/self/status").read_text()
        return int(status[status.index(name) :].split(maxsplit=2)[1]) / 1024

    Path("/proc/self/clear_refs").write_text("5")
    before, started = megabytes("VmRSS"), time.process_time()
    try:
        picture = read_picture(data)
        answer = f"{picture.size[0]:,} × {picture.size[1]:,}"
    except ImageError as error:
        answer = str(error)
    taken = time.process_time() - started
    grown = megabytes("VmHWM") - before + len(data) / 2**20
    print(f"{len(data) / 1e6:6.1f} {taken:6.1f} {grown:7.0f}  {answer}")


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--child":
        measure(Path(sys.argv[2]))
        return
    print(f"{'':24}{'MB':>6} {'s':>6} {'peak MB':>7}")
    for name, make in CASES.items():
        path = Path("/tmp/largest_picture")
        path.write_bytes(make())
        print(f"{name:24}", end="", flush=True)
        subprocess.run([sys.executable, __file__, "--child", str(path)], check=True)
        path.unlink()


if __name__ == "__main__":
    main()
