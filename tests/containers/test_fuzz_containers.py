"""Damaged containers: a sentence or a result, never a crash; the source stays, and nothing else is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

import fuzz_containers
from made.containers import SAMPLES

MUTANTS = {".avi": 60}  # which take longest; of the others 150
NEEDED = {".pdf": ("pikepdf", "img2pdf"), ".avi": ("av",)}


@pytest.fixture(params=SAMPLES)
def suffix(request: pytest.FixtureRequest) -> str:
    for library in NEEDED.get(request.param, ()):
        pytest.importorskip(library)
    return str(request.param)


def test_mutants_end_in_a_sentence_or_a_result(suffix: str, tmp_path: Path) -> None:
    def fail(number: int, error: Exception) -> None:
        raise AssertionError(f"mutant {number} of {suffix}: {error}") from error

    mutants = MUTANTS.get(suffix, 150)
    counts = fuzz_containers.judge_mutants(suffix, range(mutants), tmp_path, fail)
    assert counts["refused"] > mutants / 20
    assert counts["restored"] + counts["restored in part"] > mutants / 20


def test_what_is_damaged_is_whole_before(suffix: str, tmp_path: Path) -> None:
    assert fuzz_containers.judge(SAMPLES[suffix](), suffix, tmp_path) == "restored"
