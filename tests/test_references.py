"""What docstrings and documents refer to is there: modules, functions and classes by dotted names, files by paths."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "MODEL_CARD.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MODULES = {path.relative_to(ROOT / "src").with_suffix("").as_posix().removesuffix("/__init__") for path in SOURCES}
ROLE = re.compile(r":(func|class|mod|meth|attr|data):`~?(qgac\.[\w.]+)`")
DOTTED = re.compile(r"`~?(qgac\.[\w.]+\w)")
FITS = {
    "class": inspect.isclass,
    "func": inspect.isroutine,
    "meth": inspect.isroutine,
    "mod": inspect.ismodule,
    "data": lambda found: not callable(found),
    "attr": lambda found: True,
}


def what_is(name: str) -> Any:
    """Return what a dotted name stands for; a field of a dataclass without a default stands for its annotation."""
    first, *others = name.split(".")
    place, found = first, importlib.import_module(first)
    for part in others:
        place = f"{place}.{part}"
        if inspect.ismodule(found) and place.replace(".", "/") in MODULES:
            try:
                importlib.import_module(place)
            except ModuleNotFoundError as missing:  # of an extra that is not installed
                if (missing.name or "qgac").startswith("qgac"):
                    raise
                pytest.skip(f"{place} needs {missing.name}")
        found = getattr(found, part) if hasattr(found, part) else inspect.get_annotations(found)[part]
    return found


@pytest.mark.parametrize(
    "path",
    [*SOURCES, *sorted((ROOT / "benchmarks").glob("*.py")), *DOCUMENTS],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_dotted_names_lead_to_what_they_are_said_to_be(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in DOTTED.findall(text):
        what_is(name)
    for role, name in ROLE.findall(text):
        assert FITS[role](what_is(name)), f"{name} is no {role}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_are_there(document: Path) -> None:
    for name in re.findall(r"`((?:src|tests|recipes|docs|benchmarks)/[\w/.-]+)`", document.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), f"{document.name} names {name}, which is not there"
