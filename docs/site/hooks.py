"""What the site shows from outside of docs/: documents of the project's folder as pages, other files as downloads.

Documents link to each other as they lie in the project; the links are turned to where their targets are on the site.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent.parent
PAGES = {
    "README.md": "index.md",
    "MODEL_CARD.md": "model-card.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside, and what any page links to."""
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    documents = [ROOT / name for name in PAGES] + sorted((ROOT / "docs").glob("*.md"))
    for document in documents:
        for link in _LINK.findall(document.read_text(encoding="utf-8")):
            target = (document.parent / link).resolve()
            name = _on_site(target)
            if name.startswith("files/") and target.is_file() and files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, content=target.read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn the links of a page to where their targets are."""
    outside = next((name for name, own in PAGES.items() if own == page.file.src_uri), None)
    folder = ROOT if outside else ROOT / "docs" / Path(page.file.src_uri).parent

    def turned(found: re.Match[str]) -> str:
        return _on_site((folder / found[1]).resolve())

    return _LINK.sub(turned, markdown)


def _on_site(target: Path) -> str:
    """Return where a file of the project is on the site, from its top; all pages lie there."""
    name = target.relative_to(ROOT).as_posix()
    if name in PAGES:
        return PAGES[name]
    return name.removeprefix("docs/") if name.startswith("docs/") else f"files/{name}"
