"""The thumbnail is taken out of EXIF, and nothing else moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from made.metadata import THUMBNAIL, exif_data
from qgac.pictures.exif import first_directory, without_thumbnail


def test_unlinking_the_thumbnail_moves_nothing() -> None:
    before = exif_data()
    after = without_thumbnail(before)
    link = 8 + 2 + 3 * 12
    assert after == before[:link] + bytes(4) + before[link + 4 : -len(THUMBNAIL)]
    assert without_thumbnail(after) == after


def test_a_thumbnail_in_the_middle_is_unlinked_only() -> None:
    before = exif_data() + b"something behind it"
    assert len(without_thumbnail(before)) == len(before)
    directory = first_directory(without_thumbnail(before))
    assert directory is not None
    assert directory.next == 0


@given(st.binary(max_size=80), st.sampled_from([b"II*\0", b"MM\0*", b""]))
def test_any_bytes_pass_as_exif(data: bytes, head: bytes) -> None:
    result = without_thumbnail(head + data)
    assert len(result) <= len(head + data)
    assert result.startswith(head)
