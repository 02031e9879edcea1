"""The documentation site is built without a warning, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings")

ROOT = Path(__file__).parent.parent


class Page(HTMLParser):
    """Where a page leads, and what places it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name == "id":
                self.places.add(value)
            elif value and name in ("href", "src"):
                self.links.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    return folder


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}
    assert len(pages) > 10
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"https?:|mailto:|data:|javascript:", link):
                continue
            name, _, place = link.partition("#")
            target = (path.parent / unquote(name)).resolve() if name else path
            target = target / "index.html" if target.is_dir() else target
            assert target.exists(), f"{path.relative_to(site)} links to {link}"
            if place and target in pages:
                assert unquote(place) in pages[target].places, f"{path.relative_to(site)} links to {link}"


def test_what_qgac_exports_is_in_the_reference(site: Path) -> None:
    import qgac

    places = Page((site / "api" / "index.html").read_text(encoding="utf-8")).places
    names = {place.rpartition(".")[2] for place in places if place.startswith("qgac.")}
    assert set(qgac.__all__) - {"__version__"} <= names


def test_docstrings_show_no_marks_of_another_language(site: Path) -> None:
    text = (site / "api" / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r":(?:func|class|mod|meth|attr|data):", text)


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """Neither typefaces nor scripts: readers are nobody's business."""
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(
            r"<(?:script|img|iframe)[^>]+src=\"https?:|<link[^>]+rel=\"stylesheet\"[^>]+https?:", text
        )
