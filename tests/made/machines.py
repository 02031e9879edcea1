"""What the machines of a Ray cluster on this one are made of."""

from __future__ import annotations

import os
from typing import Any

from made.command_line import SOURCE, TESTS

PATHS = os.pathsep.join([str(SOURCE), str(TESTS)])
MEMORY = 80_000_000  # bytes of a machine's object store, the least that Ray takes


def add_machine(cluster: Any) -> Any:
    """Add a machine of one processor; Ray gives it 30 seconds to start."""
    return cluster.add_node(num_cpus=1, object_store_memory=MEMORY)


def way_to(store: str) -> dict[str, str]:
    """Return what the library of a store finds in the environment."""
    return {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": store,
    }  # fmt: skip
