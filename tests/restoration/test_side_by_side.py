"""One restorer for many threads, one for each process: the pictures are those that come one after the other."""

from __future__ import annotations

import asyncio
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import qgac
from made.networks import tiny_network, tiny_weights
from made.pictures import compressed, photo
from qgac.restoration.restorer import Restorer


def files() -> list[bytes]:
    """Different sizes, samplings, tables and processes, so that what threads would share shows."""
    kinds = [
        {"quality": 20},
        {"quality": 75, "subsampling": "4:4:4"},
        {"quality": 50, "progressive": True},
        {"quality": 90, "subsampling": "4:2:2", "progressive": True},
        {"quality": 5},
    ]
    return [
        compressed(photo(24 + 8 * seed, 40 - 3 * seed, seed), **options)  # type: ignore[arg-type]
        for seed, options in enumerate(kinds)
    ]


@pytest.mark.parametrize("best", [False, True])
def test_threads_may_share_a_restorer(best: bool) -> None:
    restorer = Restorer(tiny_network(strength=2), best=best, tile=16)
    expected = [restorer(data).pixels for data in files()]
    with ThreadPoolExecutor(5) as pool:
        for found, pixels in zip(pool.map(restorer, files() * 3), expected * 3, strict=True):
            np.testing.assert_array_equal(found.pixels, pixels)


def test_so_may_tasks_of_an_event_loop() -> None:
    restorer = Restorer(tiny_network(strength=2))
    beats = 0

    async def restore_all() -> list[qgac.Restored]:
        nonlocal beats
        tasks = [asyncio.create_task(asyncio.to_thread(restorer, data)) for data in files()]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0)
            beats += 1
        return [task.result() for task in tasks]

    for found, data in zip(asyncio.run(restore_all()), files(), strict=True):
        np.testing.assert_array_equal(found.pixels, restorer(data).pixels)
    assert beats > len(files())  # the loop went on meanwhile


def test_processes_have_one_each(tmp_path: Path) -> None:
    model = tiny_weights(tmp_path / "tiny.safetensors", strength=2)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        futures = [pool.submit(qgac.restore, data, model) for data in files()]
        for future, data in zip(futures, files(), strict=True):
            np.testing.assert_array_equal(future.result().pixels, qgac.restore(data, model).pixels)
