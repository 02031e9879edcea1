from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.networks import one_map_network
from made.pictures import photo
from qgac.models.qgac import QGAC
from qgac.weights.checkpoints import save_model


@pytest.fixture
def model() -> QGAC:
    return one_map_network()


@pytest.fixture
def samples() -> np.ndarray:
    return photo(64, 80)


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two weights files, and a folder of two pictures."""
    folder = tmp_path_factory.mktemp("analysis")
    for name, seed in (("first", 0), ("second", 1)):
        save_model(one_map_network(seed), folder / f"{name}.safetensors", record={})
    (folder / "pictures").mkdir()
    for seed in range(2):
        Image.fromarray(photo(64, 80, seed)).save(folder / "pictures" / f"picture{seed}.png")
    return folder
