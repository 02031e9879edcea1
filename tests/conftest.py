import os
import signal
from pathlib import Path

import pytest
import torch

from made.files import make_flat, make_jpeg
from made.networks import tiny_network
from qgac.restoration.restorer import Restorer

# The suite must do on one busy core; a pool of threads for tiny tensors only costs time.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # of ONNX Runtime, and of the processes that tests start

# A shell that starts the suite in the background has it ignore Ctrl-C, and every process that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `photos` as the working folder's only content."""
    for name in ("a.jpg", "b.JPEG", "sub/c.jpe", "sub/deep/d.jfif", ".hidden/e.jpg", "._f.jpg", "g.restored.jpg"):
        make_jpeg(tmp_path / "photos" / name)
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `qgac restore` do without a network; what a test puts there itself is undone as well."""
    monkeypatch.setattr("qgac.batch.many.new_restorer", make_flat)


@pytest.fixture(scope="module")
def identity() -> Restorer:
    # Without the projection, which would keep what is decoded to the range of samples.
    return Restorer(tiny_network(strength=0), project=False)


@pytest.fixture(scope="module")
def network() -> Restorer:
    return Restorer(tiny_network(strength=2))
