"""Damaged files: only JPEGError, never a hang, and what is accepted without a word looks as libjpeg shows it."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fuzz

FILES = fuzz.sources()
NAMES = sorted(FILES)
PARTS = 4
MUTANTS = 1600

share = st.floats(0, 1, exclude_max=True)
CHANGES = st.lists(
    st.builds(
        fuzz.Change,
        kind=st.sampled_from(fuzz.KINDS),
        place=share,
        other=share,
        size=share,
        value=st.integers(0, 255),
        header=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("part", range(PARTS))
def test_mutants_end_in_an_error_a_note_or_what_libjpeg_shows(part: int) -> None:
    counts: collections.Counter[str] = collections.Counter()
    before = fuzz.peak_mebibytes()
    for number in range(part, MUTANTS, PARTS):
        generator = np.random.default_rng(number)
        name, donor = NAMES[number % len(NAMES)], NAMES[int(generator.integers(len(NAMES)))]
        changes = fuzz.random_changes(generator)
        try:
            counts[fuzz.judge(fuzz.mutate(FILES[name], changes, FILES[donor]))] += 1
        except Exception as error:
            raise AssertionError(f"mutant {number}: {name} with {donor}, {changes}: {error}") from error
    assert counts["refused"] > MUTANTS / PARTS / 5
    assert counts["restored as far as it goes"] > MUTANTS / PARTS / 10
    assert counts["read, equal to libjpeg"] > 20
    assert fuzz.peak_mebibytes() <= max(before, fuzz.LARGEST)


@given(name=st.sampled_from(NAMES), donor=st.sampled_from(NAMES), changes=CHANGES)
@settings(max_examples=400, deadline=None)
def test_no_mutation_at_all_gets_through(name: str, donor: str, changes: list[fuzz.Change]) -> None:
    fuzz.judge(fuzz.mutate(FILES[name], changes, FILES[donor]))


def test_every_undamaged_file_is_read_or_refused_for_its_kind() -> None:
    """The judge itself: no undamaged file is called damaged, and a wrong picture is noticed."""
    outcomes = {name: fuzz.judge(data) for name, data in FILES.items() if fuzz.libjpeg(data) is not None}
    assert set(outcomes.values()) <= {"read, equal to libjpeg", "read, beyond sixteen bits", "refused"}
    assert sum(outcome == "read, equal to libjpeg" for outcome in outcomes.values()) > 40


def test_a_wrong_picture_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = fuzz.render
    monkeypatch.setattr(fuzz, "render", lambda image: right(image) ^ 1)
    with pytest.raises(AssertionError, match="differs from libjpeg's without a note"):
        fuzz.judge(FILES["pillow_420"])


@pytest.mark.parametrize("name", ["pillow_420", "restart_1", "pillow_progressive", "fill_bytes"])
def test_segments_put_together_are_the_file(name: str) -> None:
    parts = fuzz.segments(FILES[name])
    assert b"".join(parts) == FILES[name]
    assert all(part[:1] == b"\xff" for part in parts)
