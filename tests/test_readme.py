"""Every block of README.md and of the manuals in docs/ runs as it stands.

In a copy of the folder that readers run it in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qgac.commands.restore import restore as restore_command

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str) -> list[tuple[str, str]]:
    found = BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))
    return [(language, code) for language, code in found if language != "text"]


def workplace(factory: pytest.TempPathFactory, document: str) -> Path:
    folder = factory.mktemp(document)
    for name in ("examples", "recipes", "tests/training/pictures"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def readme_workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workplace(tmp_path_factory, "readme")


@pytest.fixture(scope="module")
def using_workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workplace(tmp_path_factory, "using")


@pytest.fixture(scope="module")
def containers_workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workplace(tmp_path_factory, "containers")


@pytest.fixture(scope="module")
def python_workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workplace(tmp_path_factory, "python")


@pytest.fixture(scope="module")
def pixels_workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workplace(tmp_path_factory, "pixels")


def label(value: str) -> str:
    return value.splitlines()[0][:40]


@pytest.mark.parametrize(("language", "code"), blocks("README.md"), ids=label)
def test_block_of_the_readme_runs(language: str, code: str, readme_workplace: Path) -> None:
    run(language, code, readme_workplace)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "code"), blocks("docs/using.md"), ids=label)
def test_block_of_the_manual_runs(language: str, code: str, using_workplace: Path) -> None:
    run(language, code, using_workplace)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "code"), blocks("docs/containers.md"), ids=label)
def test_block_about_containers_runs(language: str, code: str, containers_workplace: Path) -> None:
    run(language, code, containers_workplace)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "code"), blocks("docs/python.md"), ids=label)
def test_block_about_python_runs(language: str, code: str, python_workplace: Path) -> None:
    run(language, code, python_workplace)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "code"), blocks("docs/pixels.md"), ids=label)
def test_block_about_pixels_runs(language: str, code: str, pixels_workplace: Path) -> None:
    run(language, code, pixels_workplace)


def test_the_manual_shows_every_option_of_restore() -> None:
    text = (ROOT / "docs" / "using.md").read_text(encoding="utf-8")
    for parameter in restore_command.params:
        if parameter.param_type_name == "option":
            assert any(re.search(rf"(?<![\w-]){option}\b", text) for option in parameter.opts), parameter.opts


def run(language: str, code: str, workplace: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if language == "python":
        command = [sys.executable, "-c", code]
    elif language in ("sh", "bash"):
        # `make` would build another environment inside this one: that its targets exist is checked, not run.
        lines = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
        for line in lines:
            if line.startswith("make "):
                subprocess.run(
                    ["make", "--dry-run", *line.split("#")[0].split()[1:]], cwd=ROOT, check=True, capture_output=True
                )
        rest = [line for line in lines if not line.startswith(("make ", "git clone", "cd "))]
        command = ["sh", "-e", "-c", "\n".join(rest)]
    else:
        pytest.fail(f"a block of unknown language {language!r}")
    result = subprocess.run(command, cwd=workplace, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr


def test_links_to_files_lead_somewhere() -> None:
    documents = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "MODEL_CARD.md")] + sorted(
        (ROOT / "docs").glob("*.md")
    )
    for document in documents:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"


def test_paper_to_code_names_files_that_exist() -> None:
    text = (ROOT / "docs" / "paper-to-code.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        folder = ROOT
        for path, name in re.findall(r"`(?:((?:src|tests|recipes)/[\w/.-]*)|(\w+\.(?:py|toml)))`", line):
            place = ROOT / path if path else folder / name  # a name alone is beside the file before it
            assert place.exists(), f"{place} is not there"
            folder = place.parent
