from __future__ import annotations

import json

import numpy as np

from made.pasts import decoded, saved_again, scene
from made.pictures import compressed
from qgac.coefficients.quantization import luma_table
from qgac.inspection.past import describe_earlier, describe_past, past_rows
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.earlier import find_earlier
from qgac.pixels.past import from_pixels


def test_a_decoded_jpeg_is_described_in_json_types() -> None:
    entry = describe_past(from_pixels(decoded(compressed(scene(), 40))[3:, 5:]))
    assert json.loads(json.dumps(entry)) == entry
    assert entry["outcome"] == "compressed"
    assert (entry["grid"]["x"], entry["grid"]["y"]) == (3, 5)
    assert entry["sampling"]["name"] == "4:2:0"
    assert entry["luma"]["table"] == luma_table(40).tolist()
    assert (entry["luma"]["quality"], entry["chroma"]["quality"]) == (40, 40)
    text = dict(past_rows(entry))
    assert text["past"] == "these are the pixels of a JPEG"
    assert text["luma"].startswith("libjpeg at quality 40 (confidence ")


def test_no_trace_is_described_as_none() -> None:
    entry = describe_past(from_pixels(scene()))
    assert entry["outcome"] == "never"
    assert {entry[key] for key in ("grid", "sampling", "luma", "chroma", "explained")} == {None}
    assert past_rows(entry) == [("past", "no trace of a JPEG (restoring, blurring or editing leaves none)")]


def test_an_earlier_compression_is_described() -> None:
    pixels = scene(320, 400)
    again = read_jpeg(saved_again(pixels, 20, 75, 2, 4))
    assert describe_earlier(find_earlier(again.components[0])) == {
        "grid": {"x": 4, "y": 6},
        "name": "libjpeg at quality 20",
    }
    once = read_jpeg(compressed(np.array(pixels), 75))
    assert describe_earlier(find_earlier(once.components[0])) is None
    assert describe_earlier(None) is None
