from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import qgac
from made.command_line import outputs
from made.containers import zip_file, zip_members
from made.networks import tiny_weights
from made.pictures import compressed, photo
from qgac import Failed, Finished, Skipped, restore_many
from qgac.batch.plan import PlanError
from qgac.pictures.formats import OutputError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors", strength=2)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("photos")
    (folder / "sub").mkdir(parents=True)
    for seed, name in enumerate(("a.jpg", "sub/b.jpg")):
        (folder / name).write_bytes(compressed(photo(24, 40, seed), 20))
    (folder / "bad.jpg").write_bytes(compressed(photo(24, 40), 60)[:-60])
    return folder


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_path_has_an_outcome(photos: Path, model: Path, jobs: int) -> None:
    outcomes = list(restore_many([photos, "gone.jpg"], "out", jobs=jobs, model=model))
    finished = {outcome.job.name: outcome for outcome in outcomes if isinstance(outcome, Finished)}
    failed = {outcome.name: outcome.message for outcome in outcomes if isinstance(outcome, Failed)}
    assert len(outcomes) == 4
    assert set(finished) == {"photos/a.jpg", "photos/sub/b.jpg"}
    assert set(failed) == {"photos/bad.jpg", "gone.jpg"}
    assert "damaged" in failed["photos/bad.jpg"]
    assert outputs("out") == ["a.png", "sub/b.png"]
    for outcome in finished.values():
        assert outcome.destination is not None
        with Image.open(outcome.destination) as opened:
            np.testing.assert_array_equal(np.asarray(opened), qgac.restore(outcome.job.name, model).pixels)
    again = list(restore_many(photos, Path("out"), model=model, skip_existing=True, tolerant=True))
    assert [type(outcome) for outcome in again] == [Skipped, Skipped, Finished]


def test_results_lie_beside_their_sources(photos: Path, model: Path) -> None:
    (outcome,) = restore_many("photos/a.jpg", model=model, format="webp", strength=0.5)
    assert isinstance(outcome, Finished)
    assert outcome.destination == Path("photos/a.restored.webp")
    with Image.open(outcome.destination) as opened:
        expected = qgac.restore("photos/a.jpg", model, strength=0.5).pixels
        np.testing.assert_array_equal(np.asarray(opened), expected)


def test_nothing_is_done_before_it_is_asked_for_nor_after_closing(photos: Path, model: Path) -> None:
    events = restore_many(["photos/a.jpg", "photos/sub/b.jpg"], "out", model=model)
    assert not Path("out").exists()
    assert isinstance(next(events), Finished)
    events.close()  # type: ignore[attr-defined]
    assert outputs("out") == ["a.png"]


def test_what_contradicts_itself_is_told_at_the_call(photos: Path, model: Path) -> None:
    with pytest.raises(ValueError, match="at least 1 picture"):
        restore_many(photos, jobs=0)
    with pytest.raises(OutputError, match="cannot hold depth 16"):
        restore_many(photos, format="webp", depth=16)
    with pytest.raises(OutputError, match="the format 'bmp' are written; choose png, webp, tiff, jpeg"):
        restore_many(photos, format="bmp")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="overwrite and skip_existing exclude one another"):
        restore_many(photos, overwrite=True, skip_existing=True)
    for output, paths in ((None, ""), ("out", ["photos/a.jpg", ""]), ("", "photos/a.jpg")):
        with pytest.raises(PlanError, match="a name is empty"):
            restore_many(paths, output)
    (photos / "a.jpeg").write_bytes(b"")
    with pytest.raises(PlanError, match="would both become"):
        restore_many(photos)


@pytest.mark.parametrize("jobs", [1, 2])
def test_without_a_model_there_is_no_outcome(photos: Path, jobs: int) -> None:
    with pytest.raises(ValueError, match="nope"):
        next(restore_many(photos, "out", model="nope", jobs=jobs))
    assert not Path("out").exists()


def test_no_paths_no_outcomes(photos: Path) -> None:
    assert list(restore_many([])) == []
    Path("-").write_bytes(b"no picture")
    (outcome,) = restore_many("-", model="small")  # a file of this name, not the standard input
    assert isinstance(outcome, Failed)


def test_containers_are_among_them(photos: Path, model: Path) -> None:
    zip_file(photos / "comic.cbz", {"1.jpg": (photos / "a.jpg").read_bytes()})
    zip_file(photos / "text.docx", {"word/document.xml": b"<w/>"})
    outcomes = list(restore_many(photos, "out", model=model))
    comic = next(outcome for outcome in outcomes if isinstance(outcome, Finished) and outcome.pictures)
    assert comic.destination == Path("out/comic.cbz")
    assert list(zip_members(comic.destination)) == ["1.jpg"]
    assert len(outcomes) == 4  # nothing of the text, which holds no picture
