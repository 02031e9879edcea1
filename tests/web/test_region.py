from __future__ import annotations

from made.pictures import S411, make_image
from qgac.web.region import View


def test_a_view_ends_with_the_picture() -> None:
    image = make_image(100, 60, S411)
    assert View(-5, 50, 20, 20).within(image) == View(0, 50, 15, 10)
    assert View(100, 0, 5, 5).within(image) is None
    assert View(5, 5, 0, 5).within(image) is None
    assert View(10, 20, 5, 6).grown(4) == View(6, 16, 13, 14)
