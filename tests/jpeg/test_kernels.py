"""Machine code of kernels: what runs is what the function says, kept or compiled, and what it may be given."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgac.jpeg import kernels, machine_code
from qgac.jpeg.kernels import inlined, kernel

CORPUS = Path(__file__).parent / "corpus"


@inlined
def twice(number: int) -> int:
    return 2 * number


def weigh(numbers: Any, factor: int, sums: Any) -> None:
    """Add up the rows and columns of a table, times a factor."""
    for row in range(numbers.shape[0]):
        for column in range(numbers.shape[1]):
            sums[0, row] += twice(numbers[row, column]) * factor
            sums[1, column] += numbers[row, column]


SIGNATURE = "const int16[:,:], int64, int64[:,:]"


def weighed(run: Callable[..., None], numbers: Any, factor: int) -> Any:
    sums = np.zeros((2, max(numbers.shape)), np.int64)
    run(numbers, factor, sums)
    return sums


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place for machine code."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


needs_tried_platform = pytest.mark.skipif(not kernels._PLATFORM, reason="machine code is not kept here")


@settings(deadline=None)  # it is compiled meanwhile
@given(st.integers(0, 5), st.integers(0, 5), st.integers(-(2**40), 2**40), st.randoms(use_true_random=False))
def test_a_kernel_does_what_its_function_does(rows: int, columns: int, factor: int, random: Any) -> None:
    numbers = np.array([[random.randint(-32768, 32767) for _ in range(columns)] for _ in range(rows)], np.int16)
    numbers = numbers.reshape(rows, columns)
    expected = np.zeros((2, max(rows, columns)), np.int64)
    expected[0, :rows] = 2 * numbers.sum(1, dtype=np.int64) * factor
    expected[1, :columns] = numbers.sum(0, dtype=np.int64)
    np.testing.assert_array_equal(weighed(WEIGH, numbers, factor), expected)


WEIGH = kernel(SIGNATURE)(weigh)
NUMBERS = np.arange(12, dtype=np.int16).reshape(3, 4)
SUMS = [[36, 132, 228, 0], [12, 15, 18, 21]]  # of NUMBERS, weighed by 3


@pytest.mark.parametrize("versions", [kernels._VERSIONS, ("9", "9")])
@pytest.mark.parametrize("platform", [True, False])
def test_the_usual_way_of_numba_does_the_same(
    folder: Path, versions: tuple[str, str], platform: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_VERSIONS", versions)
    monkeypatch.setattr(kernels, "_PLATFORM", platform and kernels._PLATFORM)
    assert weighed(kernel(SIGNATURE)(weigh), NUMBERS, 3).tolist() == SUMS
    kept = kernels._PLATFORM and versions != ("9", "9")
    assert bool(list(folder.glob("*.o"))) == kept


@needs_tried_platform
def test_what_is_kept_is_used_and_what_is_damaged_or_of_other_sources_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed(kernel(SIGNATURE)(weigh), NUMBERS, 3)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    compiled: list[str] = []
    real = kernels._assembly

    def watched(function: Callable[..., Any], parameters: Any) -> str | None:
        compiled.append(function.__name__)
        return real(function, parameters)

    monkeypatch.setattr(kernels, "_assembly", watched)
    assert weighed(kernel(SIGNATURE)(weigh), NUMBERS, 3).tolist() == SUMS
    assert compiled == []
    flipped = bytearray(whole)
    flipped[-100] ^= 1
    for damaged in (b"", whole[:-1], bytes(flipped), bytes(32) + whole[32:]):
        file.write_bytes(damaged)
        assert weighed(kernel(SIGNATURE)(weigh), NUMBERS, 3).tolist() == SUMS
        assert file.read_bytes()[:32] == whole[:32]  # put right; the name of the function may count up
        assert compiled.pop() == "weigh"
    machine_code._file_name.cache_clear()
    monkeypatch.setattr(machine_code, "_processor", lambda: ("x86-64", ""))
    assert machine_code.kept(f"{__name__}.weigh") is None
    machine_code._file_name.cache_clear()


@needs_tried_platform
def test_a_change_of_any_module_of_the_folder_makes_machine_code_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_code.keep("name", b"code")
    assert machine_code.kept("name") == b"code"
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "entropy.py").write_text("LARGEST = 32767")
    monkeypatch.setattr(machine_code, "_HERE", sources)
    machine_code._digest_of_sources.cache_clear()
    try:
        assert machine_code.kept("name") is None
        machine_code.keep("name", b"other")
        assert machine_code.kept("name") == b"other"
        (sources / "entropy.py").write_text("LARGEST = 32766")
        machine_code._digest_of_sources.cache_clear()
        assert machine_code.kept("name") is None
    finally:
        machine_code._digest_of_sources.cache_clear()


def test_without_a_place_for_machine_code_it_is_compiled_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "folder"))
    assert weighed(kernel(SIGNATURE)(weigh), NUMBERS, 3).tolist() == SUMS
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@needs_tried_platform
def test_code_that_needs_anything_else_is_not_taken() -> None:
    own = 'target triple = "x86_64-unknown-linux-gnu"\ndefine i32 @own(i64 %0) {{\n{}  ret i32 0\n}}\n'
    assert machine_code.compiled("own", own.format("")) is not None
    call = "  %2 = call i32 @elsewhere(i64 %0)\n"
    assert machine_code.compiled("own", own.format(call) + "declare i32 @elsewhere(i64)\n") is None
    load = (
        "  %2 = load i32, i32* @elsewhere\n"
        if machine_code.llvm.llvm_version_info[0] < 17
        else ("  %2 = load i32, ptr @elsewhere\n")
    )
    assert machine_code.compiled("own", own.format(load) + "@elsewhere = external global i32\n") is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((NUMBERS.astype(np.int32), 3, np.zeros((2, 4), np.int64)), "int16"),
        ((NUMBERS[:, ::2], 3, np.zeros((2, 4), np.int64)), "C order"),
        ((NUMBERS.T, 3, np.zeros((2, 4), np.int64)), "C order"),
        ((NUMBERS[0], 3, np.zeros((2, 4), np.int64)), "2 dimensions"),
        ((NUMBERS, 3, np.frombuffer(bytes(64), np.int64).reshape(2, 4)), "only be read"),
        ((NUMBERS, 3.5, np.zeros((2, 4), np.int64)), "integer"),
    ],
)
def test_arguments_of_other_types_are_refused(arguments: tuple[Any, ...], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        WEIGH(*arguments)


@needs_tried_platform
def test_a_process_that_finds_machine_code_needs_no_numba(folder: Path) -> None:
    script = (
        "import sys; from qgac import read_jpeg; levels = [c.coefficients.tobytes() for c in read_jpeg(sys.argv[1])"
        ".components]; import hashlib; print(hashlib.sha256(b''.join(levels)).hexdigest(), 'numba' in sys.modules)"
    )
    picture = sorted(CORPUS.glob("*.jpg"))[0]
    runs = [
        subprocess.run([sys.executable, "-c", script, str(picture)], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    (first, compiled), (second, again) = (run.stdout.split() for run in runs)
    assert first == second
    assert (compiled, again) == ("True", "False")
