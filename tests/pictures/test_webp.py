"""WebP files: what this format, unlike the others, cannot hold."""

from __future__ import annotations

import pytest

from made.metadata import GRAY, restored, written
from qgac.jpeg.image import Metadata
from qgac.pictures.formats import OutputError


def test_webp_says_how_large_it_can_be() -> None:
    with pytest.raises(OutputError, match="16383"):
        written(restored((1, 16384, 3)), "webp")


def test_no_gray_profile_is_lost_in_webp() -> None:
    with pytest.raises(OutputError, match="gray ICC profile; choose png or tiff"):
        written(restored((8, 8), Metadata(icc=GRAY)), "webp")
