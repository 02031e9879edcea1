"""What a release is made of agrees: version, change log, citation, model card, packages."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import qgac

ROOT = Path(__file__).parent.parent

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_change_log_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", text("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == qgac.__version__


def test_it_was_released_when_the_citation_says() -> None:
    released = re.search(r"^date-released: (\S+)$", text("CITATION.cff"), re.MULTILINE)
    assert released is not None
    assert f"## [{qgac.__version__}] - {released[1]}\n" in text("CHANGELOG.md")


@pytest.mark.parametrize(
    "weights", sorted((ROOT / "src/qgac/weights").glob("*.safetensors")), ids=lambda path: path.stem
)
def test_every_model_has_its_card(weights: Path) -> None:
    assert f"`{weights.stem}`" in text("MODEL_CARD.md")


def test_the_source_package_has_all_that_there_is() -> None:
    """Whatever lies in the project's folder is in it, but for what serves who hosts it."""
    included = tomllib.loads(text("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert all((ROOT / name).exists() for name in included)
    documents = {path.name for path in ROOT.glob("*.md")}
    assert documents <= set(included)
    code = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/*.py"))
    folders = {name for name in re.findall(r'ROOT / "(\w+)"', code) if (ROOT / name).is_dir()}  # that tests work on
    assert folders <= set(included)
