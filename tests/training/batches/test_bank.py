from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tarfile import TarInfo
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made.banks import write_pictures
from qgac.training.batches.bank import PatchBank, find_pictures, write_bank


def pixels(seed: int, height: int = 70, width: int = 90) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def both(folder: Path, **options: Any) -> list[PatchBank]:
    """Open both parts of a bank, whichever are not empty."""
    parts = []
    for held_out in (False, True):
        try:
            parts.append(PatchBank(folder, held_out=held_out, **options))
        except ValueError:
            continue
    return parts


def test_there_and_back(tmp_path: Path) -> None:
    originals = {f"{i}.png": pixels(i, 64 + i, 80 - i) for i in range(6)}
    reports = list(write_bank(((name, png(p)) for name, p in originals.items()), tmp_path / "bank", workers=1))
    assert reports == [(name, None) for name in originals]
    found = {}
    for bank in both(tmp_path / "bank", share=2):
        for index, picture in enumerate(bank.pictures):
            found[picture.name] = bank.picture(index)
            assert not bank.picture(index).flags.writeable
    assert found.keys() == originals.keys()
    for name, original in originals.items():
        np.testing.assert_array_equal(found[name], original)
    assert sorted(path.name for path in (tmp_path / "bank").iterdir()) == ["bank.json", "pixels.u8"]


def test_pictures_that_are_left_out_are_reported(tmp_path: Path) -> None:
    items = [
        ("broken.png", b"\x89PNG\r\n\x1a\nnothing"),
        ("text.jpg", b"not a picture"),
        ("small.png", png(pixels(0, 63, 200))),
        ("good.png", png(pixels(1))),
    ]
    reports = dict(write_bank(items, tmp_path / "bank", workers=1))
    assert reports["good.png"] is None
    assert reports["small.png"] == "200x63 pixels, smaller than 64"
    assert reports["broken.png"]
    assert reports["text.jpg"] == "is no picture, or one of an unknown kind; get it again"
    assert [entry["name"] for entry in json.loads((tmp_path / "bank" / "bank.json").read_text())] == ["good.png"]


def test_pictures_become_upright_rgb(tmp_path: Path) -> None:
    original = pixels(3, 64, 96)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    turned = io.BytesIO()
    Image.fromarray(original).save(turned, "PNG", exif=exif)
    gray = png(original[..., 0])
    list(write_bank([("turned.png", turned.getvalue()), ("gray.png", gray)], tmp_path / "bank", workers=1))
    found = {p.name: bank.picture(i) for bank in both(tmp_path / "bank") for i, p in enumerate(bank.pictures)}
    np.testing.assert_array_equal(found["turned.png"], np.rot90(original, -1))
    np.testing.assert_array_equal(found["gray.png"], np.repeat(original[..., :1], 3, 2))


def bank_of(folder: Path, sizes: list[tuple[int, int]], prefix: str = "picture") -> Path:
    return write_pictures(folder, {f"{prefix}-{number}": pixels(number, *size) for number, size in enumerate(sizes)})


def test_split_is_complete_disjoint_and_of_the_right_share(tmp_path: Path) -> None:
    folder = bank_of(tmp_path / "bank", [(8, 8)] * 1000)
    train, held_out = PatchBank(folder), PatchBank(folder, held_out=True)
    names = [{picture.name for picture in part.pictures} for part in (train, held_out)]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 1000
    assert 20 <= len(held_out) <= 60  # one in 25


def test_split_stays_when_a_bank_grows(tmp_path: Path) -> None:
    small = PatchBank(bank_of(tmp_path / "small", [(8, 8)] * 100), held_out=True)
    large = PatchBank(bank_of(tmp_path / "large", [(9, 9)] * 300), held_out=True)
    names = {picture.name for picture in small.pictures}
    assert names == {p.name for p in large.pictures if int(p.name.split("-")[1]) < 100}
    assert names


def test_crops_are_windows_of_the_pictures_and_reach_every_place(tmp_path: Path) -> None:
    folder = bank_of(tmp_path / "bank", [(9, 11)], prefix="one")
    (bank,) = both(folder)
    generator = np.random.default_rng(0)
    windows = np.lib.stride_tricks.sliding_window_view(bank.picture(0), (8, 8), (0, 1)).transpose(0, 1, 3, 4, 2)
    seen = set()
    for _ in range(200):
        crop = bank.crop(8, generator)
        assert crop.shape == (8, 8, 3)
        matches = (windows == crop).all((2, 3, 4)).nonzero()
        seen.add((int(matches[0][0]), int(matches[1][0])))
    assert seen == {(top, left) for top in range(2) for left in range(4)}


def test_crops_are_uniform_over_pixels(tmp_path: Path) -> None:
    """A picture of nine times the area is drawn nine times as often."""
    folder = bank_of(tmp_path / "bank", [(30, 30), (90, 90), (30, 30), (90, 90)])
    bank = PatchBank(folder, share=10**9)  # all but one
    sides = [picture.height for picture in bank.pictures]
    first = {tuple(row) for row in bank.picture(sides.index(30)).reshape(-1, 3).tolist()}
    generator = np.random.default_rng(0)
    small = sum({tuple(row) for row in bank.crop(8, generator).reshape(-1, 3).tolist()} <= first for _ in range(1000))
    share = 30**2 / sum(side**2 for side in sides)
    assert abs(small / 1000 - share) < 0.04


def test_crops_follow_from_the_generator(tmp_path: Path) -> None:
    bank = PatchBank(bank_of(tmp_path / "bank", [(40, 50), (60, 30)]), share=10**9)
    first = [bank.crop(16, np.random.default_rng(seed)) for seed in range(5)]
    second = [bank.crop(16, np.random.default_rng(seed)) for seed in range(5)]
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert any(not np.array_equal(first[0], other) for other in first[1:])


@pytest.mark.parametrize(("height", "width"), [(5, 20), (20, 5), (6, 7), (1, 30)])
def test_pictures_smaller_than_a_crop_are_mirrored_outwards(tmp_path: Path, height: int, width: int) -> None:
    (bank,) = both(bank_of(tmp_path / "bank", [(height, width)]), share=10**9)
    picture = bank.picture(0)
    crop = bank.crop(16, np.random.default_rng(1))
    assert crop.shape == (16, 16, 3)
    if width >= 16:
        lefts = [left for left in range(width - 15) if np.array_equal(crop[:height], picture[:16, left : left + 16])]
        assert lefts
        picture = picture[:, lefts[0] : lefts[0] + 16]
    if height >= 16:
        tops = [top for top in range(height - 15) if np.array_equal(crop[:, :width], picture[top : top + 16])]
        assert tops
        picture = picture[tops[0] : tops[0] + 16]
    for i in range(16):
        for j in range(16):
            # Symmetric: 0 1 2 2 1 0 0 1 2 ...
            k, m = (
                p if p < n else 2 * n - 1 - p
                for p, n in (
                    (i % (2 * picture.shape[0]), picture.shape[0]),
                    (j % (2 * picture.shape[1]), picture.shape[1]),
                )
            )
            assert np.array_equal(crop[i, j], picture[k, m])


def test_missing_and_empty_banks(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no bank of patches; make one with `qgac prepare"):
        PatchBank(tmp_path)
    folder = bank_of(tmp_path / "bank", [(8, 8)])
    with pytest.raises(ValueError, match="no two pictures of different names"):
        PatchBank(folder, held_out=True, share=10**9)
    with pytest.raises(ValueError, match="no two pictures"):
        PatchBank(folder, share=1)


@pytest.mark.parametrize("share", [1, 10**9])
def test_a_small_bank_holds_one_picture_out(tmp_path: Path, share: int) -> None:
    """Where by their names all pictures would be held out, or none."""
    folder = bank_of(tmp_path / "bank", [(8, 8), (8, 9), (8, 10)])
    kept, held_out = (PatchBank(folder, held_out=part, share=share) for part in (False, True))
    assert (len(kept), len(held_out)) == (2, 1)
    assert {picture.width for bank in (kept, held_out) for picture in bank.pictures} == {8, 9, 10}


def test_a_bank_that_is_not_finished_leaves_nothing(tmp_path: Path) -> Iterator[Any]:
    def items() -> Iterator[Any]:
        yield "a.png", png(pixels(0, 70, 70))
        raise ValueError("the tar is damaged")

    with pytest.raises(ValueError, match="damaged"):
        list(write_bank(items(), tmp_path / "bank", workers=1))
    assert list((tmp_path / "bank").iterdir()) == []


def test_files_folders_and_tars(tmp_path: Path) -> None:
    data = {name: png(pixels(i, 4, 4)) for i, name in enumerate(["a.png", "b.PNG", "c.webp", "notes.txt"])}
    (tmp_path / "folder" / "deeper").mkdir(parents=True)
    (tmp_path / "folder" / "b.PNG").write_bytes(data["b.PNG"])
    (tmp_path / "folder" / "deeper" / "a.png").write_bytes(data["a.png"])
    (tmp_path / "folder" / "notes.txt").write_bytes(b"text")
    with tarfile.open(tmp_path / "more.tar", "w") as archive:
        for name in ("inside/c.webp", "inside/notes.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(data["c.webp"])
            archive.addfile(info, io.BytesIO(data["c.webp"]))
        archive.addfile(_folder("inside/d.png"))
    (tmp_path / "single.jpg").write_bytes(b"anything")
    sources = [tmp_path / "folder", tmp_path / "more.tar", tmp_path / "single.jpg", tmp_path / "folder" / "notes.txt"]
    found = list(find_pictures(sources))
    assert [name for name, _ in found] == ["b.PNG", "a.png", "c.webp", "single.jpg"]
    assert dict(found)["c.webp"] == data["c.webp"]
    assert dict(found)["a.png"] == data["a.png"]


def _folder(name: str) -> TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def test_exclusion_by_name(tmp_path: Path) -> None:
    for name in ("bsds_1.png", "bsds_2.png", "cid_1.png"):
        (tmp_path / name).write_bytes(b"x")
    assert [name for name, _ in find_pictures([tmp_path], ["bsds_*"])] == ["cid_1.png"]
    assert [name for name, _ in find_pictures([tmp_path], ["*_1.png"])] == ["bsds_2.png"]
    assert not list(find_pictures([tmp_path / "cid_1.png"], ["cid*"]))


def _tar(path: Path, names: list[str]) -> None:
    with tarfile.open(path, "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 1000
            archive.addfile(info, io.BytesIO(bytes(1000)))


def test_tars_in_folders_are_opened_unless_they_are_excluded(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    _tar(tmp_path / "deeper" / "cid.tar", ["x/1.png", "x/bsds_1.png"])
    _tar(tmp_path / "deeper" / "bsds_test.tar", ["x/2.png"])
    assert [name for name, _ in find_pictures([tmp_path])] == ["2.png", "1.png", "bsds_1.png"]
    assert [name for name, _ in find_pictures([tmp_path], ["bsds_*"])] == ["1.png"]


@pytest.mark.parametrize("length", [0, 100, 1000])
def test_a_damaged_tar_is_told_by_name(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cid.tar"
    _tar(path, ["1.png"])
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"cid\.tar is no whole tar; get it again"):
        list(find_pictures([tmp_path]))


def test_sources_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        list(find_pictures([tmp_path / "nowhere"]))
    with pytest.raises(FileNotFoundError):
        list(find_pictures([tmp_path / "nowhere.tar"]))


def test_pictures_are_read_only_a_few_ahead(tmp_path: Path) -> Iterator[Any]:
    """The files of a large collection do not fit into memory together."""
    read = []

    def items() -> Iterator[Any]:
        for number in range(30):
            read.append(number)
            yield f"{number}.png", b"not a picture"

    for done, _ in enumerate(write_bank(items(), tmp_path / "bank", workers=1)):
        assert len(read) <= done + 4
    assert len(read) == 30
