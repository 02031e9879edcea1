"""Draw the pictures of docs/pixels.md: pixels of a JPEG, a JPEG that was saved again, and one that was scaled since.

python docs/figures/second_hand.py
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

import qgac
from qgac.restoration.hints import Hints

ROOT = Path(__file__).parents[2]
SCALE = 2
Pixels = npt.NDArray[np.uint8]


def saved(picture: Image.Image, quality: int) -> bytes:
    """Compress a picture."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def decoded(content: bytes) -> Image.Image:
    """Decode a file."""
    return Image.open(io.BytesIO(content)).convert("RGB")


def draw(name: str, shown: dict[str, Pixels], reference: Pixels, part: tuple[int, int, int, int]) -> None:
    """Write a part (left, top, right, bottom) of some pictures side by side, with the PSNR of each whole one."""
    left, top, right, bottom = part
    size = SCALE * (right - left), SCALE * (bottom - top)
    sheet = Image.new("RGB", (len(shown) * (size[0] + 8) - 8, size[1] + 20), "white")
    for number, (title, pixels) in enumerate(shown.items()):
        crop = Image.fromarray(pixels).crop(part).resize(size, Image.Resampling.NEAREST)
        sheet.paste(crop, (number * (size[0] + 8), 20))
        text = f"{title}: {qgac.psnr(restored=pixels / 255, reference=reference / 255):.2f} dB"
        ImageDraw.Draw(sheet).text((number * (size[0] + 8), 4), text, fill="black")
    sheet.quantize(200).save(ROOT / "docs" / "images" / f"{name}.png", optimize=True)


def main() -> None:
    """Write the pictures."""
    original = Image.open(ROOT / "examples" / "night.webp").convert("RGB")
    whole = np.asarray(original)

    pixels = np.asarray(decoded(saved(original, 15)))[5:, 3:]
    shown = {"PNG of a JPEG of quality 15, cut": pixels, "restored as that": qgac.restore(pixels).pixels}
    draw("from-pixels", shown, whole[5:, 3:], (353, 85, 513, 245))

    again = saved(decoded(saved(original, 10)).crop((4, 4, *original.size)), 60)
    shown = {
        "quality 10, cut, saved again at 60": np.asarray(decoded(again)),
        "restored as saved (--earlier off)": qgac.restore(again, hints=Hints(earlier="off")).pixels,
        "restored as it was before": qgac.restore(again).pixels,
    }
    draw("second-hand", shown, whole[4:, 4:], (193, 165, 353, 325))

    size = 430, 430
    scaled = np.asarray(decoded(saved(original, 20)).resize(size))
    shown = {"quality 20, scaled to 0.75": scaled, "artifacts taken out": qgac.restore(scaled).pixels}
    draw("rescaled", shown, np.asarray(original.resize(size)), (145, 110, 305, 270))


if __name__ == "__main__":
    main()
