"""What is told about files, against what they were made of."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from made.pictures import SAMPLINGS, compressed, make_image, photo
from qgac.inspection.description import describe
from qgac.jpeg.image import Density, Metadata
from qgac.jpeg.reader import read_jpeg

# The J:a:b notation has no name for the rest; four chroma samples down are beyond it, too.
NAMES = {"4:4:4": "4:4:4", "4:2:2": "4:2:2", "4:4:0": "4:4:0", "4:2:0": "4:2:0", "4:1:1": "4:1:1"}


@pytest.mark.parametrize("name", SAMPLINGS)
def test_sampling_has_its_name(name: str) -> None:
    image = make_image(72, 40, SAMPLINGS[name])
    entry = describe(image, 1000)
    assert entry["sampling"] == NAMES.get(name)
    assert [(part["vertical"], part["horizontal"]) for part in entry["components"]] == SAMPLINGS[name]


def test_no_notation_without_chroma() -> None:
    assert describe(make_image(72, 40, SAMPLINGS["4:2:0"], "RGB"), 1000)["sampling"] is None


@pytest.mark.parametrize("quality", [1, 25, 50, 90, 100])
def test_tables_and_their_quality_are_those_of_the_encoder(quality: int) -> None:
    content = compressed(photo(24, 40), quality)
    entry = describe(read_jpeg(content), len(content))
    assert entry["quality"] == {"luma": quality, "chroma": quality}
    with Image.open(io.BytesIO(content)) as picture:
        expected = [picture.quantization[number] for number in (0, 1, 1)]
    assert [[step for row in part["table"] for step in row] for part in entry["components"]] == expected
    assert entry["bytes_per_pixel"] == pytest.approx(len(content) / (24 * 40), abs=1e-4)


def test_tables_of_others_are_custom_and_so_are_two_for_chroma() -> None:
    image = read_jpeg(compressed(photo(24, 40), 50))
    luma, blue, red = image.components
    other = dataclasses.replace(red, table=np.full((8, 8), 7, np.uint16))
    assert describe(dataclasses.replace(image, components=(luma, blue, other)), 1)["quality"] == {
        "luma": 50,
        "chroma": "custom",
    }
    assert describe(dataclasses.replace(image, components=(other, blue, red)), 1)["quality"] == {
        "luma": "custom",
        "chroma": 50,
    }


def test_the_largest_error_is_half_a_step_of_every_frequency() -> None:
    for part in describe(read_jpeg(compressed(photo(24, 40), 50)), 1)["components"]:
        half = np.array(part["table"]) / 2
        assert part["error"]["largest"] == pytest.approx(np.sqrt(np.mean(half**2)), abs=6e-4)
        assert part["error"]["uniform"] == pytest.approx(np.sqrt(np.mean(half**2) / 3), abs=6e-4)


def test_metadata_is_counted_and_texts_are_told_as_far_as_they_are_text() -> None:
    metadata = Metadata(exif=b"12345", xmp=b"123", comments=(b"gr\xc3\xbcn", b"\xff"), density=Density(2, 30, 40))
    image = dataclasses.replace(make_image(8, 8, SAMPLINGS["gray"]), metadata=metadata, notes=("odd",), missing=0.25)
    entry = describe(image, 640)
    assert entry["metadata"] == {
        "exif": 5,
        "icc": 0,
        "xmp": 3,
        "iptc": 0,
        "comments": ["grün", "\N{REPLACEMENT CHARACTER}"],
        "density": {"unit": "dots per centimetre", "x": 30, "y": 40},
    }
    assert (entry["notes"], entry["missing"], entry["quality"]["chroma"]) == (["odd"], 0.25, None)
    assert entry["bytes_per_pixel"] == 10
    assert json.loads(json.dumps(entry)) == entry
