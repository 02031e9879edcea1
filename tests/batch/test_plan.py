from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from made.files import make_jpeg
from qgac.batch.plan import PlanError, plan, plan_in_place


def destinations(*inputs: str, **options: Any) -> list[str]:
    return [str(job.destination) for job in plan(inputs, **options).jobs]


def test_results_lie_beside_their_sources(tree: Path) -> None:
    assert destinations("photos/a.jpg") == ["photos/a.restored.png"]
    assert destinations("photos", format="jpeg")[-1] == "photos/sub/deep/d.restored.jpg"


def test_one_file_goes_to_a_file_or_into_a_folder(tree: Path) -> None:
    assert destinations("photos/a.jpg", output="x.tif") == ["x.tif"]
    assert plan(["photos/a.jpg"], output="x.tif").jobs[0].format == "tiff"
    assert destinations("photos/a.jpg", output="photos") == ["photos/a.png"]
    assert destinations("photos/a.jpg", output="new/") == ["new/a.png"]
    assert destinations("photos/a.jpg", output="x", format="webp") == ["x"]


def test_a_tree_is_mirrored(tree: Path) -> None:
    expected = ["out/a.webp", "out/b.webp", "out/sub/c.webp", "out/sub/deep/d.webp"]
    assert destinations("photos", output="out", format="webp") == expected


def test_results_of_an_earlier_run_are_no_inputs(tree: Path) -> None:
    make_jpeg(tree / "photos" / "out" / "a.jpg")
    assert destinations("photos", output="photos/out", format="jpeg")[0] == "photos/out/a.jpg"
    assert len(destinations("photos", output="photos/out", format="jpeg")) == 4
    assert len(destinations("photos", output=".")) == 5  # but an output folder around the inputs hides none of them


def test_a_folder_to_be_made_needs_no_slash_for_several(tree: Path) -> None:
    assert destinations("photos/a.jpg", "photos/sub/c.jpe", output="new") == ["new/a.png", "new/c.png"]
    assert destinations("photos/*.jpg", output="new") == ["new/a.png"]
    assert destinations(listed=["photos/a.jpg"], output="new") == ["new/photos/a.png"]


def test_lists_join_other_inputs(tree: Path) -> None:
    names = destinations("photos/*.jpg", listed=["photos/sub/c.jpe", "photos/a.jpg"])
    assert names == ["photos/a.restored.png", "photos/sub/c.restored.png"]


def test_a_listed_file_in_the_output_folder_is_meant(tree: Path) -> None:
    make_jpeg(tree / "out" / "photos" / "z.jpg")
    assert destinations(listed=["out/photos/z.jpg"], output="out") == ["out/out/photos/z.png"]


def test_the_suffix_can_be_chosen(tree: Path) -> None:
    assert destinations("photos/a.jpg", suffix="-clean") == ["photos/a-clean.png"]
    assert destinations("photos/a.jpg", suffix="") == ["photos/a.png"]
    assert destinations("photos", output="out", suffix=".x")[3] == "out/sub/deep/d.x.png"
    make_jpeg(tree / "photos" / "a-clean.jpg")
    assert destinations("photos/*.jpg", suffix="-clean", format="jpeg") == ["photos/a-clean.jpg"]
    assert len(destinations("photos/*.jpg", suffix="-clean", output="out")) == 2  # there it is no earlier result


def test_what_is_there_is_skipped_before_any_work(tree: Path) -> None:
    there = tree / "out" / "sub" / "c.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"there")
    todo = plan(["photos"], output="out", skip_existing=True)
    assert [job.name for job in todo.jobs] == ["photos/a.jpg", "photos/b.JPEG", "photos/sub/deep/d.jfif"]
    assert [(skip.job.name, skip.destination) for skip in todo.skipped] == [("photos/sub/c.jpe", Path("out/sub/c.png"))]
    assert len(plan(["photos"], output="out").jobs) == 4


def test_a_file_named_twice_is_restored_once(tree: Path) -> None:
    assert destinations("photos/a.jpg", "./photos/a.jpg", "photos/*.jpg") == ["photos/a.restored.png"]


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (["photos/a.jpg"], {"output": "x.png", "format": "webp"}, "named as png but --format says webp"),
        (["photos/a.jpg"], {"output": "x.bmp"}, "no suffix of a picture file; use .png.*add --format"),
        (["photos/a.jpg"], {"output": "new"}, r"write new/ for a folder"),
        (["photos/a.jpg"], {"output": "x.png", "suffix": "-clean"}, "leave it or the name after -o out"),
        (["-"], {"suffix": "-clean"}, "leave it or the name after -o out"),
        (["photos/a.jpg"], {"suffix": "/x"}, "no part of a file name"),
        (["photos/a.jpg"], {"suffix": "", "format": "jpeg"}, "itself one of the inputs"),
        (["-"], {"listed": ["photos/a.jpg"]}, "take one picture"),
        ([], {"listed": ["photos/a.jpg"], "output": "-"}, "take one picture"),
        ([], {"listed": ["photos/a.jpg"], "output": "x.png"}, "need a folder"),
        ([], {"listed": ["a/x.jpg", "../a/x.jpg"], "output": "out"}, "would both become out/a/x.png"),
        (["photos"], {"output": "x.png"}, "need a folder"),
        (["photos", "photos/a.jpg"], {"output": "photos/notes.txt"}, "is a file"),
        (["photos/a.jpg", "-"], {}, "take one picture"),
        (["photos"], {"output": "-"}, "take one picture"),
        (["-"], {"output": "photos"}, "has no name"),
        (["photos/a.jpg"], {"output": "photos/a.jpg"}, "itself one of the inputs"),
        (["photos/a.jpg", "photos/b.JPEG"], {"output": "photos", "format": "jpeg"}, "itself one of the inputs"),
        (["photos/a.jpg", "photos/twin/a.jpg"], {"output": "out"}, "would both become out/a.png"),
    ],
)
def test_contradictions_are_told_before_any_work(
    tree: Path, inputs: list[str], options: dict[str, Any], message: str
) -> None:
    for name in ("photos/twin/a.jpg", "a/x.jpg", "../a/x.jpg"):
        make_jpeg(tree / name, size=(9, 9))
    with pytest.raises(PlanError, match=message):
        plan(inputs, **options)


def test_two_suffixes_of_one_name_collide(tree: Path) -> None:
    make_jpeg(tree / "a.jpg")
    make_jpeg(tree / "a.jpeg")
    with pytest.raises(PlanError, match=r"a\.jpg and a\.jpeg would both become a\.restored\.png"):
        plan(["a.jpg", "a.jpeg"])


def test_links_do_not_hide_that_an_output_is_an_input(tree: Path) -> None:
    Path("link.jpg").symlink_to("photos/a.jpg")
    os.link("photos/a.jpg", "hard.jpg")
    for name in ("link.jpg", "hard.jpg"):
        with pytest.raises(PlanError, match="itself one of the inputs"):
            plan(["photos/a.jpg"], output=name)


def test_cmyk_does_not_replace_a_source_named_tiff(tree: Path) -> None:
    make_jpeg(tree / "x.tiff", "CMYK")
    with pytest.raises(PlanError, match="itself one of the inputs"):
        plan(["x.tiff"], output=".")


def test_empty_names_are_refused(tree: Path) -> None:
    for arguments in ({"inputs": [""]}, {"inputs": ["photos/a.jpg", ""]}, {"inputs": [], "listed": [""]}):
        for decide in (plan, plan_in_place):
            with pytest.raises(PlanError, match="a name is empty"):
                decide(**arguments)
    with pytest.raises(PlanError, match="a name is empty"):
        plan(["photos/a.jpg"], output="")
