import pytest
from PIL import Image

from made.networks import tiny_network, tiny_weights
from made.pictures import photo


@pytest.fixture
def model():
    return tiny_network()


@pytest.fixture
def samples():
    return photo(64, 80)


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A folder with two weights files, and a folder of two pictures."""
    folder = tmp_path_factory.mktemp("analysis")
    for name, seed in (("first", 0), ("second", 1)):
        tiny_weights(folder / f"{name}.safetensors", seed=seed)
    (folder / "pictures").mkdir()
    for seed in range(2):
        Image.fromarray(photo(64, 80, seed)).save(folder / "pictures" / f"picture{seed}.png")
    return folder
