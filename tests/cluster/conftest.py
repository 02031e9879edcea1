"""A Ray cluster of three machines on this one, and a store as Amazon's on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent.parent
PATHS = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Three machines of one processor each; the first one is the head."""
    pytest.importorskip("ray")
    if sys.platform == "win32":
        pytest.skip("Ray is tried on Linux and macOS")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", PATHS)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "1")
    memory = 80_000_000  # bytes, the least that Ray takes
    head = {"num_cpus": 1, "object_store_memory": memory, "include_dashboard": False}
    machines = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(2):
            machines.add_node(num_cpus=1, object_store_memory=memory)
        yield machines
    finally:
        machines.shutdown()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file system of a local server with the bucket ``archive``; the environment leads to it."""
    pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    try:
        s3fs.S3FileSystem.clear_instance_cache()
        store = s3fs.S3FileSystem()
        store.mkdir("archive")
        yield store
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()
