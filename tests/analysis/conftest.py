import pytest
from PIL import Image

from made.analysis_samples import picture_samples, tiny_network
from qgac.weights.checkpoints import save_model


@pytest.fixture
def model():
    return tiny_network()


@pytest.fixture
def samples():
    return picture_samples()


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A folder with two weights files, and a folder of two pictures."""
    folder = tmp_path_factory.mktemp("analysis")
    for name, seed in (("first", 0), ("second", 1)):
        save_model(tiny_network(seed), folder / f"{name}.safetensors", record={})
    (folder / "pictures").mkdir()
    for seed in range(2):
        Image.fromarray(picture_samples(seed=seed)).save(folder / "pictures" / f"picture{seed}.png")
    return folder
