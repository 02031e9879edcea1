"""Pictures on a Ray cluster of three machines: all of them, once, whole, and whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

from made.command_line import PROGRAM, qgac_command, sentence, usage_error
from made.files import KILLS, Standin, flat, make_deadly, make_flat, make_jpeg
from made.machines import PATHS, add_machine
from made.pictures import compressed, photo
from qgac.batch.plan import plan
from qgac.batch.settings import Settings
from qgac.cluster.connection import ClusterError, connected
from qgac.cluster.run import restore_on_cluster
from qgac.cluster.tasks import Pace

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # those of Ray

restore = partial(qgac_command, "restore")


def make_slow(*arguments: Any, seconds: float = 0.2) -> Standin:
    """Restore to gray, which takes a while; a line in `pids` tells who does it."""

    @Standin
    def slow(image: Any, **options: Any) -> Any:
        with Path("pids").open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(seconds)
        return flat(image)

    return slow


def photos(folder: Path, count: int, size: tuple[int, int] = (20, 12)) -> Path:
    for number in range(count):
        make_jpeg(folder / f"{number % 3}" / f"{number:03}.jpg", size=size)
    return folder


def entries(address: str, make: Callable[[], Any], **options: Any) -> Iterator[dict[str, Any]]:
    """Restore the folder `photos` to `out`; the paths are relative."""
    todo = plan(["photos"], output="out/", skip_existing=options.pop("skip_existing", False))
    with (
        connected(address),
        closing(
            restore_on_cluster(todo.jobs, make, Settings(), folder=str(Path.cwd()), pace=Pace(0.5, 2000), **options)
        ) as found,
    ):
        yield from found


def outputs(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def by_value() -> None:
    """Let Ray send what is defined here as it is: workers cannot import tests."""
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


def test_the_same_files_and_report_as_on_one_machine(
    s3: Any, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder and from a store, whose place workers have from their environment."""
    monkeypatch.chdir(tmp_path)
    for number in range(18):
        path = tmp_path / "photos" / str(number % 3) / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compressed(photo(24 + number % 5, 32, seed=number), 30))
    make_jpeg(tmp_path / "photos" / "ink.jpg", mode="CMYK")
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no picture")
    options = ("--device", "cpu")
    assert restore("photos", "-o", "one", "--report", "one.json", *options).exit_code == 1
    s3.put("photos", "archive/photos", recursive=True)

    on_cluster = (*options, "--cluster", cluster.address)
    assert restore("photos", "-o", "many", "--report", "many.json", *on_cluster).exit_code == 1
    to_store = ("s3://archive/photos", "-o", "s3://archive/out", "--report", "stored.json", *on_cluster)
    assert restore(*to_store).exit_code == 1
    s3.invalidate_cache()
    s3.get("archive/out", "stored", recursive=True)
    assert len(outputs(Path("one"))) == 19
    assert outputs(Path("many")) == outputs(Path("stored")) == outputs(Path("one"))
    for name in outputs(Path("one")):
        expected = Path("one", name).read_bytes()
        assert Path("many", name).read_bytes() == expected
        assert Path("stored", name).read_bytes() == expected

    reported = json.loads(Path("one.json").read_text())
    for report, prefix in (("many.json", ""), ("stored.json", "s3://archive/")):
        first, *lines, last = map(json.loads, Path(report).read_text().splitlines())
        assert first == {"qgac_report": 2}
        assert last == {"restored": 19, "skipped": 0, "failed": 1}
        found = {line["input"]: line for line in lines}
        assert len(found) == len(lines) == 20
        for entry in reported["files"]:
            other = found[prefix + entry["input"]]
            same = ("status", "reason", "notes", "width", "height", "quality", "bytes")
            assert {key: other[key] for key in same} == {key: entry[key] for key in same}
            if entry["output"] is not None:
                expected_place = entry["output"].replace("one/", f"{prefix}out/" if prefix else "many/")
                assert other["output"] == expected_place

    again = restore(*to_store, "--skip-existing")
    assert "restored 0, skipped 19, failed 1" in again.stderr
    assert "exists already" in restore("s3://archive/photos/0", "-o", "s3://archive/out/0", *on_cluster).stderr


def test_workers_killed_and_a_machine_lost_cost_no_picture(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    by_value()
    monkeypatch.setenv("PYTHONPATH", PATHS)
    lost = add_machine(cluster)
    photos(tmp_path / "photos", 60)
    found: list[dict[str, Any]] = []
    for entry in entries(cluster.address, make_slow):
        found.append(entry)
        if len(found) == 10:
            os.kill(int(Path("pids").read_text().split()[-1]), signal.SIGKILL)
        if len(found) == 25:
            cluster.remove_node(lost, allow_graceful=False)
    assert Counter(entry["status"] for entry in found) == {"restored": 60}
    assert len({entry["input"] for entry in found}) == 60
    assert len(outputs(tmp_path / "out")) == 60  # and nothing half-written


def test_a_picture_that_kills_its_workers_is_not_tried_a_third_time(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos", 20)
    make_jpeg(tmp_path / "photos" / "poison.jpg", size=(KILLS, 12))
    found = list(entries(cluster.address, make_deadly))
    (failed,) = (entry for entry in found if entry["status"] == "failed")
    assert failed["input"] == "photos/poison.jpg"
    assert "died twice" in failed["reason"]
    assert Counter(entry["status"] for entry in found) == {"restored": 20, "failed": 1}
    assert len(outputs(tmp_path / "out")) == 20


def test_after_the_driver_is_killed_the_same_command_does_the_rest(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos", 40)
    line = ["photos", "-o", "out", "--cluster", cluster.address, "--skip-existing", "--report", "report.json"]
    code = PROGRAM.replace("import sys\n", "import sys, time\n").replace(
        "main()", "import cluster_stand_in\nmany.new_restorer = cluster_stand_in.make\nmain()"
    )
    (tmp_path / "cluster_stand_in.py").write_text(
        "import time\nfrom made.files import Standin, flat\n"
        "def restore(image, **options):\n    time.sleep(0.2)\n    return flat(image)\n"
        "def make(*arguments, **options):\n    return Standin(restore)\n"
    )
    paths = os.pathsep.join([PATHS, str(tmp_path)])
    command = [sys.executable, "-c", code, "make_flat", "restore", *line]
    driver = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(outputs(tmp_path / "out")) < 8 and time.monotonic() < deadline:
        time.sleep(0.1)
    driver.kill()
    driver.wait()
    told = Path("report.json").read_text().splitlines()
    assert len(told) > 5  # the truth up to that moment
    time.sleep(2)  # until Ray has ended the workers of a driver that is gone
    there = [name for name in outputs(tmp_path / "out") if name.endswith(".png")]
    assert 8 <= len(there) < 40
    before = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in there}
    run = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=True)
    assert f"restored {40 - len(there)}, skipped {len(there)}, failed 0" in run.stderr
    assert len([name for name in outputs(tmp_path / "out") if name.endswith(".png")]) == 40
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in there} == before


def test_workers_that_cannot_be_made_are_told(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from made.files import make_end, make_nothing

    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos", 3)
    with pytest.raises(ClusterError, match="there are no weights; fetch them"):
        list(entries(cluster.address, make_nothing))
    with pytest.raises(ClusterError, match="workers end at their start"):
        list(entries(cluster.address, make_end))
    with pytest.raises(ClusterError, match="has no GPU"):
        list(entries(cluster.address, make_flat, device="cuda"))


@pytest.mark.parametrize("address", ["ray://127.0.0.1:9", "127.0.0.1:9", "ray://nowhere.invalid:10001"])
def test_a_wrong_address_is_told_before_any_work(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos", 1)
    result = restore("photos", "-o", "out", "--cluster", address)
    assert sentence(result).startswith(f"there is no Ray cluster at {address} (")
    assert not Path("out").exists()


def test_what_is_wrong_with_a_store_is_told_before_any_work(s3: Any) -> None:
    result = restore("s3://archive/photos", "-o", "s3://nobucket/out", "--cluster", "local")
    assert (result.exit_code, result.stderr) == (
        1,
        "qgac: s3://nobucket/out: there is no such file, folder or bucket; check the address\n",
    )


@pytest.mark.parametrize("line", [("s3://archive/photos", "-o", "out/"), ("photos", "-o", "s3://archive/out/")])
def test_addresses_without_a_cluster_are_refused(
    line: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos", 1)
    assert "add --cluster local" in usage_error(restore(*line))
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]  # and no folder s3:


def test_a_machine_on_which_ray_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def timed_out(*arguments: Any, **options: Any) -> None:
        raise TimeoutError("the node timed out.")

    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos", 1)
    monkeypatch.setattr("ray.init", timed_out)
    busy = restore("photos", "-o", "out", "--cluster", "local")
    assert sentence(busy).startswith("Ray does not start on this machine (the node timed out); try again")
