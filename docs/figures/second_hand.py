"""Draw docs/images/second-hand.png: a JPEG that was saved again, restored as it is and as it was before.

python docs/figures/second_hand.py
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import qgac
from qgac.restoration.hints import Hints

ROOT = Path(__file__).parents[2]
PART = (193, 165, 353, 325)  # left, top, right, bottom
SCALE = 2


def saved(picture: Image.Image, quality: int) -> bytes:
    """Compress a picture."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def main() -> None:
    """Write the picture."""
    original = Image.open(ROOT / "examples" / "night.webp").convert("RGB")
    first = Image.open(io.BytesIO(saved(original, 10)))
    again = saved(first.crop((4, 4, *first.size)), 60)
    reference = np.asarray(original)[4:, 4:]
    shown = {
        "quality 10, cut, saved again at 60": np.asarray(Image.open(io.BytesIO(again))),
        "restored as saved (--earlier off)": qgac.restore(again, hints=Hints(earlier="off")).pixels,
        "restored as it was before": qgac.restore(again).pixels,
    }
    left, top, right, bottom = PART
    size = SCALE * (right - left), SCALE * (bottom - top)
    sheet = Image.new("RGB", (3 * size[0] + 16, size[1] + 20), "white")
    for number, (title, pixels) in enumerate(shown.items()):
        part = Image.fromarray(pixels).crop(PART).resize(size, Image.Resampling.NEAREST)
        sheet.paste(part, (number * (size[0] + 8), 20))
        text = f"{title}: {qgac.psnr(restored=pixels / 255, reference=reference / 255):.2f} dB"
        ImageDraw.Draw(sheet).text((number * (size[0] + 8), 4), text, fill="black")
    sheet.quantize(200).save(ROOT / "docs" / "images" / "second-hand.png", optimize=True)


if __name__ == "__main__":
    main()
