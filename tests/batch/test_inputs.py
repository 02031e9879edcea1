from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from made.files import make_jpeg
from qgac.batch.inputs import check_names, find_jpegs, find_listed, names_in


def test_folders_are_searched_recursively(tree: Path) -> None:
    found, failures = find_jpegs(["photos"])
    assert [str(file.relative) for file in found] == ["a.jpg", "b.JPEG", "sub/c.jpe", "sub/deep/d.jfif"]
    assert failures == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("photos/*", ["a.jpg", "b.JPEG"]),
        ("photos/*.jpg", ["a.jpg"]),
        ("photos/**/*.j*", ["a.jpg", "sub/c.jpe", "sub/deep/d.jfif"]),
        ("./photos/s?b/*", ["c.jpe"]),
        ("*/[ab].*", ["photos/a.jpg", "photos/b.JPEG"]),
    ],
)
def test_patterns_are_expanded(tree: Path, pattern: str, expected: list[str]) -> None:
    found, failures = find_jpegs([pattern])
    relative = [str(file.relative) for file in found]
    if pattern == "./photos/s?b/*":
        expected = [f"sub/{name}" for name in expected]  # what follows the first wildcard is mirrored
    assert relative == expected
    assert all(file.path.is_file() for file in found)
    assert failures == []


def test_a_file_may_be_named_as_it_likes(tree: Path) -> None:
    odd = make_jpeg(tree / "what[1]*.dat")
    found, failures = find_jpegs([odd.name])
    assert [file.path.name for file in found] == [odd.name]
    assert failures == []


@pytest.mark.parametrize(
    ("text", "message"), [("nope.jpg", "no such file"), ("x*.jpg", "matches this pattern"), ("empty", "no JPEG files")]
)
def test_inputs_that_lead_to_nothing_are_told(tree: Path, text: str, message: str) -> None:
    (tree / "empty").mkdir()
    found, failures = find_jpegs([text, "photos/a.jpg"])
    assert len(found) == 1
    assert [failure.name for failure in failures] == [text]
    assert message in failures[0].message


def test_results_of_another_name_are_passed_over(tree: Path) -> None:
    make_jpeg(tree / "photos" / "a.clean.jpg")
    assert "a.clean.jpg" in [file.path.name for file in find_jpegs(["photos"])[0]]
    found, _ = find_jpegs(["photos"], marks=(".restored", ".clean"))
    assert [file.path.name for file in found] == ["a.jpg", "b.JPEG", "c.jpe", "d.jfif"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_what_is_no_file_is_passed_over(tree: Path) -> None:
    os.mkfifo(tree / "photos" / "pipe.jpg")
    os.mkfifo(tree / "photos" / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("photos/socket.jpeg")
    for inputs in (["photos"], ["photos/*"], [str(path) for path in Path("photos").iterdir() if path.suffix]):
        found, failures = find_jpegs(inputs)
        assert {"a.jpg", "b.JPEG"} <= {file.path.name for file in found}
        assert not {"pipe.jpg", "socket.jpeg", "pipe"} & {file.path.name for file in found}
        assert {Path(failure.name).name for failure in failures} == {"pipe.jpg", "socket.jpeg"}
        assert all(failure.harmless and "passed over" in failure.message for failure in failures)
    _, failures = find_listed(["photos/a.jpg", "photos/pipe.jpg", "photos/pipe"])
    assert [failure.harmless for failure in failures] == [True, True]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_a_pipe_may_be_the_only_input(tree: Path) -> None:
    os.mkfifo(tree / "pipe.jpg")
    found, failures = find_jpegs(["pipe.jpg"])
    assert [file.path.name for file in found] == ["pipe.jpg"]
    assert failures == []


def test_listed_files_keep_their_folders(tree: Path) -> None:
    outside = make_jpeg(tree.parent / f"{tree.name}-outside.jpg")
    names = ["photos/sub/c.jpe", "./photos/sub/../a.jpg", str(tree / "photos/b.JPEG"), f"../{outside.name}"]
    found, failures = find_listed(names)
    assert failures == []
    assert [file.path.samefile(name) for file, name in zip(found, names, strict=True)] == [True] * 4
    everything = Path(*(tree / "photos/b.JPEG").parts[1:])
    assert [file.relative for file in found] == [
        Path("photos/sub/c.jpe"),
        Path("photos/a.jpg"),
        everything,
        Path(outside.name),
    ]


def test_lists_are_taken_at_their_word(tree: Path) -> None:
    make_jpeg(tree / "x[1].jpg")
    found, failures = find_listed(["x[1].jpg", "*.jpg", "photos", "nope.jpg"])
    assert [str(file.path) for file in found] == ["x[1].jpg"]
    assert [failure.name for failure in failures] == ["*.jpg", "photos", "nope.jpg"]
    assert "is a folder" in failures[1].message
    assert "no such file" in failures[2].message


@pytest.mark.parametrize(
    ("content", "null", "names"),
    [
        (b"a.jpg\nb c.jpg\n\n d.jpg", False, ["a.jpg", "b c.jpg", " d.jpg"]),
        (b"\xef\xbb\xbfa.jpg\r\nb.jpg\r\n", False, ["a.jpg", "b.jpg"]),
        (b"a\nb.jpg\0c.jpg\0", True, ["a\nb.jpg", "c.jpg"]),
        ("žluť.jpg\n".encode(), False, ["žluť.jpg"]),
        (b"\n\n", False, []),
    ],
)
def test_names_in_lists(content: bytes, null: bool, names: list[str]) -> None:
    assert names_in(content, null=null) == names


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_lists_of_other_shells_are_read(encoding: str) -> None:
    """PowerShell writes what is redirected into a file in UTF-16, with a mark and with its line ends."""
    content = "\ufeffphotos/a.jpg\r\ncafé/世.jpg\r\n".encode(encoding)
    assert names_in(content) == ["photos/a.jpg", "café/世.jpg"]
    assert names_in("\ufeffa\nb.jpg\0c.jpg\0".encode(encoding), null=True) == ["a\nb.jpg", "c.jpg"]


def test_names_that_are_no_text_lead_to_their_files(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    try:
        Path(os.fsdecode(name)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such names")
    ((found,), failures) = find_listed(names_in(name + b"\n"))
    assert found.path.read_bytes() == b"x"
    assert failures == []


def test_an_empty_name_is_not_this_folder(tree: Path) -> None:
    for find in (find_jpegs, find_listed, check_names):
        with pytest.raises(ValueError, match="a name is empty"):
            find(["photos/a.jpg", ""])
    assert names_in(b"\na.jpg\n\r\n") == ["a.jpg"]
