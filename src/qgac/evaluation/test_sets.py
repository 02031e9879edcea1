"""The test sets of the paper (section 4.1), checked to be complete, and any folder of pictures.

None is shipped: each has its own terms. A figure on half a test set looks like one on the whole, so a folder that lacks
a picture is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qgac.metrics.scores import SMALLEST
from qgac.pictures.formats import READABLE

__all__ = ["BENCHMARKS", "Benchmark", "BenchmarkError", "Channels", "benchmark_pictures", "load_reference"]

Channels = Literal["color", "y"]


class BenchmarkError(ValueError):
    """A test set is incomplete, or a picture of it cannot be used."""


@dataclass(frozen=True)
class Benchmark:
    """A test set.

    Attributes
    ----------
    title : str
        As the paper writes it.
    names : tuple of str
        File names of its pictures without suffix; empty where only their number is known.
    counts : tuple of int
        How many pictures it may have.
    channels : {"color", "y"}
        What it is measured on unless asked otherwise.
    """

    title: str
    names: tuple[str, ...]
    counts: tuple[int, ...]
    channels: Channels = "color"


_LIVE1 = """
    bikes building2 buildings caps carnivaldolls cemetry churchandcapitol coinsinfountain dancers flowersonih35
    house lighthouse2 lighthouse3 manfishing monarch ocean paintedhouse parrots plane rapids sailing1 sailing2
    sailing3 sailing4 statue stream studentsculpture woman womanhat
"""
_CLASSIC5 = "baboon barbara boats lena peppers"
_BSDS500_TEST = """
    2018 3063 5096 6046 8068 10081 14085 14092 15011 15062 16004 16068 17067 20069 23050 28083 29030 33044 35028
    35049 36046 41006 41029 41085 41096 43033 43051 45000 48017 48025 49024 51084 61034 64061 65084 69000 69007
    69022 70011 70090 71076 71099 77062 78098 79073 80085 80090 81066 81090 81095 87015 92014 94095 97010 100007
    100039 100099 101027 101084 102062 103006 103029 103078 104010 104055 105027 106005 106047 107014 107045 107072
    108004 108036 108069 109055 112056 112090 117025 118015 118031 118072 120003 120093 123057 128035 130014 130066
    134049 134067 140006 140088 141012 141048 145059 145079 146074 147077 147080 156054 157032 157087 159002 159022
    160006 160067 161045 163004 163096 164046 168084 175083 176051 179084 181021 183066 185092 187058 187099 188025
    189006 189013 189029 189096 196027 196040 196062 196088 198087 201080 202000 206062 206097 207038 207049 208078
    209021 217013 217090 220003 223004 223060 225022 226022 226033 226043 226060 228076 230063 230098 232076 235098
    238025 243095 246009 247003 247012 249021 250047 250087 253016 253092 257098 258089 259060 267036 268048 268074
    277053 279005 281017 285022 288024 289011 290035 296028 296058 302022 306051 306052 309040 317043 326025 326085
    334025 335088 335094 344010 346016 347031 365072 368037 372019 376086 384022 384089 385022 388006 388018 388067
    393035
"""

BENCHMARKS = {
    "live1": Benchmark("Live-1", tuple(_LIVE1.split()), (29,)),
    "classic5": Benchmark("Classic-5", tuple(_CLASSIC5.split()), (5,), "y"),
    "bsds500": Benchmark("BSDS500", tuple(_BSDS500_TEST.split()), (200,)),
    # The paper counts 15; the zone plate among them is distributed in gray only.
    "icb": Benchmark("ICB", (), (14, 15)),
}


def benchmark_pictures(dataset: str, root: Path) -> list[Path]:
    """Find the pictures of a test set.

    Parameters
    ----------
    dataset : str
        A key of :data:`BENCHMARKS`, or ``folder`` for whatever `root` holds.
    root : Path
        Folder, searched recursively. Pictures of a test set are recognised by their names; suffixes and other files do
        not matter.

    Returns
    -------
    list of Path
        Sorted by name.

    Raises
    ------
    BenchmarkError
        If the folder does not exist, lacks a picture of the test set, or holds one twice.
    """
    if not root.is_dir():
        raise BenchmarkError(f"{root} is not a folder; name the one that holds the pictures")
    found = sorted(path for path in root.rglob("*") if path.suffix.lower() in READABLE and path.is_file())
    if dataset == "folder":
        if not found:
            raise BenchmarkError(f"{root} holds no pictures; known are {', '.join(sorted(READABLE))}")
        return found
    benchmark = BENCHMARKS[dataset]
    if not benchmark.names:
        if len(found) not in benchmark.counts:
            expected = " or ".join(map(str, benchmark.counts))
            raise BenchmarkError(f"{root} holds {len(found)} pictures, {benchmark.title} has {expected}; complete it")
        return found
    wanted = {name.lower(): name for name in benchmark.names}
    pictures: dict[str, Path] = {}
    for path in found:
        key = path.stem.lower()
        if key not in wanted:
            continue
        if key in pictures:
            raise BenchmarkError(
                f"{root} holds {wanted[key]} twice, {pictures[key]} and {path}; name the folder that holds one of them"
            )
        pictures[key] = path
    missing = [name for key, name in wanted.items() if key not in pictures]
    if missing:
        shown = ", ".join(missing[:8]) + (" ..." if len(missing) > 8 else "")
        raise BenchmarkError(
            f"{root} lacks {len(missing)} of the {len(wanted)} pictures of {benchmark.title} ({shown}); add them"
        )
    return [pictures[key] for key in wanted]


def load_reference(path: Path, channels: Channels) -> NDArray[np.uint8]:
    """Read a picture as the reference it is compressed from and compared with.

    Parameters
    ----------
    path : Path
        Picture of 8 bit a sample.
    channels : {"color", "y"}
        RGB, or Y as the field measures it (ITU-R BT.601, 16..235, rounded; gray pictures as they are).

    Returns
    -------
    ndarray of uint8, shape (H, W, 3) or (H, W)

    Raises
    ------
    BenchmarkError
        If the file is no picture, has other samples, is gray where colour is asked for, or smaller than 16x16.
    """
    import torch
    from PIL import Image

    from qgac.coefficients.color import limited_range_y

    try:
        with Image.open(path) as picture:
            mode = picture.mode
            gray = mode in ("1", "L", "LA")
            if not gray and mode not in ("RGB", "RGBA", "P"):
                raise BenchmarkError(f"{path} has mode {mode}, not gray or RGB of 8 bit; convert it first")
            if gray and channels == "color":
                raise BenchmarkError(f"{path} is gray; measure it with --channels y")
            samples = np.array(picture.convert("L" if gray else "RGB"))
    except (OSError, SyntaxError) as error:
        raise BenchmarkError(f"{path} cannot be read ({error}); replace it") from error
    if min(samples.shape[:2]) < SMALLEST:
        raise BenchmarkError(f"{path} is smaller than {SMALLEST}x{SMALLEST} pixels, too small for PSNR-B; leave it out")
    if gray or channels == "color":
        return samples
    rgb = torch.from_numpy(samples).permute(2, 0, 1).double()
    return limited_range_y(rgb).to(torch.uint8).numpy()
