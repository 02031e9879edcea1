import pytest
from PIL import Image

from made.networks import one_map_network
from made.pictures import photo
from qgac.weights.checkpoints import save_model


@pytest.fixture
def model():
    return one_map_network()


@pytest.fixture
def samples():
    return photo(64, 80)


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A folder with two weights files, and a folder of two pictures."""
    folder = tmp_path_factory.mktemp("analysis")
    for name, seed in (("first", 0), ("second", 1)):
        save_model(one_map_network(seed), folder / f"{name}.safetensors", record={})
    (folder / "pictures").mkdir()
    for seed in range(2):
        Image.fromarray(photo(64, 80, seed)).save(folder / "pictures" / f"picture{seed}.png")
    return folder
