"""A batch on a Ray cluster while everything dies that can, and what the cluster costs beside `--jobs`.

    pip install 'qgac[cluster]' s3fs 'moto[server]' psutil
    python benchmarks/cluster.py --pictures 2000 --photographs photographs --folder /tmp/pictures

Real parts on one machine: three Ray machines of one processor each, and a local server that speaks S3. The pictures are
cut from photographs and compressed in many ways; two large ones are mosaics of them. A batch from a folder and one from
the store lose workers (killed), a machine, the store for a while (503), and the command itself (killed), which is
started again. One file is damaged and one kills every worker that restores it. Then every result must be there once,
equal to the bit to that of one machine, and the two files reported.

Times are medians of turns, wall time and processor time of all processes; of the second, other work on the machine
takes less away. What starting costs is measured with one picture and told apart.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLINGS = ["4:4:4", "4:2:2", "4:2:0"]
POISON = 31  # pixels; a picture of this width ends its worker
os.environ |= {"RAY_worker_niceness": "0"}  # by default 15, so that other work would slow workers alone
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def main() -> None:
    """Make pictures, restore them in each way, and compare."""
    if sys.argv[1:2] == ["drive"]:
        drive(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2000, help="small ones; two large ones are added")
    parser.add_argument("--large", type=int, default=50, help="megapixels of a large one")
    parser.add_argument("--photographs", type=Path, default=EXAMPLES, help="folder of what the pictures are cut from")
    parser.add_argument("--model", default="small")
    parser.add_argument("--jobs", type=int, default=2, help="workers where time is measured")
    parser.add_argument("--turns", type=int, default=3, help="of each way where time is measured")
    parser.add_argument("--folder", type=Path, required=True, help="an empty one, or that of another part")
    parser.add_argument("--only", choices=["time", "folder", "store"], help="one part alone")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    photographs = sorted(path.resolve() for path in arguments.photographs.rglob("*.jpg"))
    os.chdir(arguments.folder)
    if not Path("photos").exists():
        make_pictures(Path("photos"), photographs, arguments.pictures, arguments.large)
    for bad in ("poison.jpg", "damaged.jpg"):
        Path("photos", bad).unlink(missing_ok=True)
    options = ["--model", arguments.model, "--device", "cpu"]

    measured("all, --jobs", ["photos", "-o", "one", "--skip-existing", "--jobs", str(arguments.jobs), *options])
    if arguments.only in (None, "time"):
        compare_times(arguments.turns, ["--jobs", str(arguments.jobs), *options])
    make_poison(Path("photos"))
    store = Store()
    os.environ.update(store.environment())
    ENVIRONMENT.update(store.environment())
    for name, source, target in (
        ("folder", "photos", "many"),
        ("store", "s3://archive/photos", "s3://archive/out"),
    ):
        if arguments.only in (None, name):
            disaster(name, source, target, store, options)
            if name == "store":
                store.get("archive/out", "stored")
            same("one", "many" if name == "folder" else "stored")


def compare_times(turns: int, options: list[str]) -> None:
    """Restore all in both ways, in turn, and one picture, which is what starting costs."""
    ways = {"--jobs": options, "Ray": ["--cluster", "local", *options]}
    seconds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(turns):
        for way, more in ways.items():
            for what, source in (("start", "photos/0/00000.jpg"), ("all", "photos")):
                shutil.rmtree("timed", ignore_errors=True)
                took = measured(f"{what}, {way}", [source, "-o", "timed/", *more])
                seconds.setdefault((what, way), []).append(took)
                if what == "all":
                    same("one", "timed")
    for kind, number in (("wall", 0), ("processor", 1)):
        median = {key: statistics.median(took[number] for took in values) for key, values in seconds.items()}
        plain, ours = (median["all", way] - median["start", way] for way in ways)
        starts = ", ".join(f"{way} {median['start', way]:.1f} s" for way in ways)
        print(f"{kind} time: starting {starts}; the rest {plain:.1f} s and {ours:.1f} s, {ours / plain - 1:+.1%}")


def disaster(name: str, source: str, target: str, store: Store, options: list[str]) -> None:
    """Restore on three machines, and take away one thing after the other."""
    from ray.cluster_utils import Cluster

    if name == "store":
        store.put("photos", "archive/photos")
    node = {"num_cpus": 1, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    lost, _ = [cluster.add_node(**node) for _ in range(2)]
    total = sum(1 for _ in Path("photos").rglob("*.jpg"))
    reports = [Path(f"{name}-{run}.jsonl") for run in (1, 2)]
    line = [source, "-o", target, "--cluster", cluster.address, "--jobs", "3", "--skip-existing", *options]
    ends: list[tuple[float, str, Callable[[], None]]] = [
        (0.02, "the worker with the largest picture killed", lambda: kill_a_worker(large=True)),
        (0.15, "another worker killed", lambda: kill_a_worker(large=False)),
        (0.3, "a machine removed", lambda: cluster.remove_node(lost, allow_graceful=False)),
        (0.45, "the store answers 503 for 20 s", lambda: store.rest(20)),
        (0.6, "the command killed", lambda: driver.kill()),
    ]
    if name == "folder":
        del ends[3]  # it has no store
    started = time.perf_counter()
    driver = start(line, reports[0])
    while driver.poll() is None:
        time.sleep(0.2)
        done = lines(reports[0])
        if ends and done >= ends[0][0] * total:
            _, told, end = ends.pop(0)
            print(f"{name}: {told} after {done} of {total}", flush=True)
            end()
    assert not ends, f"the command ended by itself: {driver.returncode}"
    again = start(line, reports[1])
    assert again.wait() == 1  # since files failed
    print(f"{name}: started again, done after {time.perf_counter() - started:.0f} s")
    cluster.shutdown()

    first, second = (report(path) for path in reports)
    counts = second.pop()
    print(f"{name}: told before the kill {len(first)}; the second run: {counts}")
    assert len({entry["input"] for entry in second}) == len(second) == total
    assert len({entry["input"] for entry in first}) == len(first)
    failed = {entry["input"].rpartition("/")[2]: entry["reason"] for entry in second if entry["status"] == "failed"}
    assert set(failed) == {"damaged.jpg", "poison.jpg"}, failed
    for file, reason in failed.items():
        print(f"{name}: {file}: {reason}")
    assert {entry["input"].rpartition("/")[2] for entry in first if entry["status"] == "failed"} <= set(failed)
    for entry in first:
        now = next(other for other in second if other["input"] == entry["input"])
        assert entry["status"] == "failed" or now["status"] == "skipped", "restored twice"


def drive(arguments: list[str]) -> None:
    """Be the command, with a picture in the world that is the end of its workers."""
    from qgac.batch import many
    from qgac.cli import main as qgac

    usual = many.new_restorer

    def deadly(*values: Any, **options: Any) -> Any:
        restorer = usual(*values, **options)

        class Deadly:
            def __getattr__(self, name: str) -> Any:
                return getattr(restorer, name)

            def __call__(self, image: Any, *values: Any, **options: Any) -> Any:
                return restorer(checked(image), *values, **options)

            def bands(self, image: Any, *values: Any, **options: Any) -> Any:
                return restorer.bands(checked(image), *values, **options)

        def checked(image: Any) -> Any:
            if image.width == POISON:
                os.kill(os.getpid(), signal.SIGKILL)
            return image

        return Deadly()

    many.new_restorer = deadly
    sys.argv[1:] = arguments
    qgac()


def start(line: list[str], told: Path) -> subprocess.Popen[bytes]:
    """Start the command of :func:`drive`."""
    command = [sys.executable, __file__, "drive", "restore", *line, "--report", str(told), "--quiet"]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL)


def measured(name: str, arguments: list[str]) -> tuple[float, float]:
    """Run `qgac restore` to its end; return its wall time and the processor time of it and all that it starts."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "qgac", "restore", *arguments, "--quiet"]
    process = psutil.Popen(command, env=ENVIRONMENT)
    seconds: dict[int, float] = {}
    while process.poll() is None:
        try:
            for one in [process, *process.children(recursive=True)]:
                seconds[one.pid] = sum(one.cpu_times()[:2])
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.2)
    assert process.returncode == 0, arguments
    wall, processor = time.perf_counter() - started, sum(seconds.values())
    print(f"{name}: {wall:.1f} s, {processor:.1f} s of processors", flush=True)
    return wall, processor


def kill_a_worker(*, large: bool) -> None:
    """Kill a worker that is at work: the one with the most memory, which has the largest picture, or the least."""
    found = psutil.Process().children(recursive=True)
    workers = [one for one in found if one.is_running() and "".join(one.cmdline()).startswith("ray::Worker.restore")]
    workers.sort(key=lambda worker: worker.memory_info().rss)
    workers[-large].kill()


def make_pictures(folder: Path, photographs: list[Path], count: int, megapixels: int) -> None:
    """Cut pictures of 160 x 120 to 320 x 240 from photographs, and lay two mosaics of them; the same every time."""
    for number in range(count):
        rng = np.random.default_rng(number)
        with Image.open(photographs[rng.integers(len(photographs))]) as photograph:
            width, height = (int(rng.integers(side, 2 * side + 1)) for side in (160, 120))
            left, top = (
                int(rng.integers(max(1, a - b))) for a, b in zip(photograph.size, (width, height), strict=True)
            )
            picture = photograph.convert("RGB").crop((left, top, left + width, top + height))
        kind = "L" if number % 7 == 0 else "CMYK" if number % 50 == 1 else "RGB"
        save(folder / f"{number % 10}" / f"{number:05}.jpg", picture.convert(kind), rng)
    for number in range(2):
        rng = np.random.default_rng(number)
        tile = round((megapixels * 1e6 / 48) ** 0.5)
        mosaic = Image.new("RGB", (8 * tile, 6 * tile))
        for place in range(48):
            with Image.open(photographs[rng.integers(len(photographs))]) as photograph:
                piece = photograph.convert("RGB").resize((tile, tile), Image.Resampling.BICUBIC)
            mosaic.paste(piece, (place % 8 * tile, place // 8 * tile))
        save(folder / f"large-{number}.jpg", mosaic, rng)


def make_poison(folder: Path) -> None:
    """Add a file that ends too early, and one that ends its worker."""
    rng = np.random.default_rng(0)
    save(folder / "poison.jpg", Image.new("RGB", (POISON, 64), "teal"), rng)
    save(folder / "damaged.jpg", Image.effect_noise((96, 96), 50), rng)
    whole = (folder / "damaged.jpg").read_bytes()
    (folder / "damaged.jpg").write_bytes(whole[: len(whole) // 2])


def save(path: Path, picture: Image.Image, rng: np.random.Generator) -> None:
    """Save a picture as a JPEG file of some quality, sampling and order of its coefficients."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sampling = SAMPLINGS[rng.integers(len(SAMPLINGS))]
    quality, progressive = int(rng.integers(10, 90)), bool(rng.integers(2))
    picture.save(path, quality=quality, subsampling=sampling, progressive=progressive)


def lines(path: Path) -> int:
    """Return how many pictures a report tells of so far."""
    return max(0, len(path.read_bytes().splitlines()) - 1) if path.exists() else 0


def report(path: Path) -> list[dict[str, Any]]:
    """Read a report, of which the last line may be cut off."""
    found = path.read_text().splitlines(keepends=True)[1:]
    return [json.loads(line) for line in found if line.endswith("\n")]


def same(expected: str, other: str) -> None:
    """Check that two folders hold the same files, equal to the bit, but for what is hidden."""

    def files(folder: str) -> Iterable[str]:
        found = (path.relative_to(folder) for path in Path(folder).rglob("*") if path.is_file())
        return sorted(str(path) for path in found if not path.name.startswith("."))

    assert files(other) == files(expected), f"{other} holds other files than {expected}"
    for name in files(expected):
        assert Path(other, name).read_bytes() == Path(expected, name).read_bytes(), f"{other}/{name} differs"
    print(f"{other}: the {len(list(files(expected)))} files of {expected}, to the bit", flush=True)


class Store:
    """A server that speaks S3 on this machine, and may be too busy for a while."""

    def __init__(self) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # which would print every request
        application = DomainDispatcherApplication(create_backend_app)
        self._until = 0.0

        def answer(environ: Any, start_response: Any) -> Any:
            if time.monotonic() < self._until:
                start_response("503 Slow Down", [("Content-Length", "0")])
                return [b""]
            return application(environ, start_response)

        self._server = make_server("127.0.0.1", 0, answer, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def environment(self) -> dict[str, str]:
        """Return what leads to it."""
        place = f"http://127.0.0.1:{self._server.port}"
        return {"AWS_ENDPOINT_URL": place, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip

    def rest(self, seconds: float) -> None:
        """Answer 503 for a while."""
        self._until = time.monotonic() + seconds

    def put(self, folder: str, address: str) -> None:
        """Copy a folder to a new bucket."""
        files = self._files()
        files.mkdir(address.partition("/")[0])
        files.put(folder, address, recursive=True)

    def get(self, address: str, folder: str) -> None:
        """Copy from a bucket to a folder."""
        self._files().get(address, folder, recursive=True)

    def _files(self) -> Any:
        from s3fs import S3FileSystem

        return S3FileSystem(skip_instance_cache=True, use_listings_cache=False)


if __name__ == "__main__":
    main()
