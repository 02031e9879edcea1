from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from made.networks import tiny_weights
from made.pictures import compressed, photo
from made.web import Halting, Running, serving
from qgac.web.restorers import Restorers
from qgac.web.service import Service


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors", strength=2)


@pytest.fixture(scope="session")
def running(weights: Path) -> Iterator[Running]:
    """A service with a tiny network and its usual limits."""
    with serving(Service(Restorers(str(weights)))) as found:
        yield found


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return compressed(photo(60, 90), 30)


@pytest.fixture
def halting() -> Halting:
    return Halting()
