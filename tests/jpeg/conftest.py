"""The JPEG files the tests read: those of this folder, and those of the folder QGAC_CORPUS names, if it is set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPUS = Path(__file__).parent / "corpus"


def corpus_files() -> list[Path]:
    files = sorted(CORPUS.glob("*.jpg"))
    if "QGAC_CORPUS" in os.environ:
        files += sorted(Path(os.environ["QGAC_CORPUS"]).glob("*.jpg"))
    return files


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "corpus_file" in metafunc.fixturenames:
        metafunc.parametrize("corpus_file", corpus_files(), ids=lambda path: f"{path.parent.parent.name}/{path.stem}")


@pytest.fixture(scope="session")
def corpus() -> dict[str, bytes]:
    """The files of this folder by name."""
    return {path.stem: path.read_bytes() for path in sorted(CORPUS.glob("*.jpg"))}
