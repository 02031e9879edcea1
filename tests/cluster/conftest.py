"""A Ray cluster of three machines on this one, and a store as Amazon's on this machine: one of each for all tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from made.machines import MEMORY, PATHS, add_machine, way_to


@pytest.fixture(scope="session")
def store_address() -> Iterator[str]:
    """Where a local server listens that speaks S3."""
    pytest.importorskip("moto.server")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(store_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file system of that server with the bucket ``archive``; the environment leads to it."""
    s3fs = pytest.importorskip("s3fs")
    for name, value in way_to(store_address).items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    store = s3fs.S3FileSystem()
    store.mkdir("archive")
    yield store
    store.rm("archive", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="session")
def cluster(store_address: str) -> Iterator[Any]:
    """Three machines of one processor each; the first one is the head. Their workers know the way to the store.

    Whoever takes a machine away adds it before: Ray gives each 30 seconds to start, which a busy computer needs.
    """
    pytest.importorskip("ray")
    if sys.platform == "win32":
        pytest.skip("Ray is tried on Linux and macOS")
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "object_store_memory": MEMORY, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in way_to(store_address).items():
            environment.setenv(name, value)
        environment.setenv("PYTHONPATH", PATHS)
        environment.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "1")
        environment.setenv("RAY_worker_niceness", "0")  # Ray's own 15 starves workers on a busy computer
        machines = Cluster(initialize_head=True, head_node_args=head)
        for _ in range(2):
            add_machine(machines)
    yield machines
    machines.shutdown()
