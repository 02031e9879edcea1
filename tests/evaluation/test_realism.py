from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from made.command_line import qgac_command
from made.networks import tiny_network, tiny_weights
from qgac.evaluation.realism import Realism, measure_realism, original_statistics, realism_markdown
from qgac.metrics import frechet
from qgac.restoration.restorer import Restorer


def network(pictures: torch.Tensor) -> torch.Tensor:
    """Six features: mean and contrast of every colour."""
    return torch.cat((pictures.mean((2, 3)), pictures.std((2, 3))), 1)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = []
    for number, size in enumerate([(24, 40), (33, 17), (40, 40)]):
        generator = np.random.default_rng(number)
        samples = np.kron(generator.integers(0, 256, (5, 5, 3)), np.ones((8, 8, 1)))[: size[1], : size[0]]
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray((0.8 * samples + generator.uniform(0, 50, samples.shape)).astype(np.uint8)).save(paths[-1])
    return paths


def test_distances_of_files_fall_with_quality_and_are_those_of_pillows_decode(
    pictures: list[Path], tmp_path: Path
) -> None:
    originals = original_statistics(pictures, network)
    restorer = Restorer(tiny_network(strength=0.0), device="cpu")
    coarse, fine = measure_realism(pictures, originals, restorer, network, (5, 95))
    assert (coarse.quality, fine.quality) == (5, 95)
    assert 0 <= fine.jpeg < coarse.jpeg
    decoded = []
    for path in pictures:
        with Image.open(path) as picture:
            picture.save(tmp_path / "a.jpg", quality=5, subsampling="4:2:0")
        decoded.append(torch.from_numpy(np.array(Image.open(tmp_path / "a.jpg"))).permute(2, 0, 1)[None] / 255)
    expected = frechet.frechet_distance(originals, frechet.feature_statistics(decoded, network))
    assert coarse.jpeg == pytest.approx(expected, rel=1e-6)
    assert coarse.restored != coarse.jpeg


def test_table_with_and_without_the_papers_figures() -> None:
    lines = realism_markdown("live1", "small", 29, [Realism(10, 80.0, 60.5), Realism(40, 20.0, 10)]).splitlines()
    assert lines[0] == "### Fréchet inception distance: Live-1, 29 pictures"
    assert lines[4] == "| 10 | 80.00 | 60.50 | 69.57 | 35.86 |"
    assert lines[5] == "| 40 | 20.00 | 10.00 | - | - |"
    assert "paper" not in realism_markdown("folder", "small", 3, [Realism(10, 1, 1)]).lower()


def test_the_command(pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another network in the place of Inception, whose weights are not to be had here."""
    arguments = ["frechet", "--root", pictures[0].parent, "--inception", tmp_path / "i.pth", "--quality", 10]
    arguments += ["--model", tiny_weights(tmp_path / "tiny.safetensors"), "--markdown", tmp_path / "table.md"]
    failed = qgac_command(*arguments)
    assert failed.exit_code == 1
    assert "i.pth is no file" in failed.stderr
    monkeypatch.setattr(frechet, "load_inception", lambda path: network)
    result = qgac_command(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout == (tmp_path / "table.md").read_text()
    assert result.stdout.splitlines()[4].startswith("| 10 | ")


def test_other_features_are_called_by_their_name(
    pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for the network, which has tests of its own."""

    class Stand:
        def __init__(self, weights: str) -> None:
            assert weights == "vgg.pth"
            self.features = network

    monkeypatch.setattr("qgac.metrics.st_lpips.STLPIPS", Stand)
    weights = [tiny_weights(tmp_path / f"{name}.safetensors", strength=2, seed=name) for name in (1, 2)]
    arguments = ["frechet", "--root", pictures[0].parent, "--vgg", "vgg.pth", "--quality", 10, "--model", weights[0]]
    plain = qgac_command(*arguments)
    assert plain.exit_code == 0, plain.output
    assert plain.stdout.startswith("### Fréchet distance of VGG features: pictures of a folder, 3 pictures\n")
    assert "no FID" in plain.stdout
    assert "inception" not in plain.stdout.lower()
    mixed = qgac_command(*arguments, "--blend", 0.7, "--blend-with", weights[1])
    assert mixed.exit_code == 0, mixed.output
    assert "blend 0.7" in mixed.stdout
    assert mixed.stdout.splitlines()[4] != plain.stdout.splitlines()[4]
    live1 = realism_markdown("live1", "small", 29, [Realism(10, 80.0, 60.5)], inception=False)
    assert "paper" not in live1.lower()
    assert live1.splitlines()[4] == "| 10 | 80 | 60.5 |"


@pytest.mark.parametrize("options", [[], ["--inception", "a", "--vgg", "b"], ["--vgg", "b", "--blend-with", "c"]])
def test_contradictions_of_the_command(pictures: list[Path], options: list[Any] | list[str]) -> None:
    result = qgac_command("frechet", "--root", pictures[0].parent, *options)
    assert result.exit_code == 2
    assert (
        "by --inception or by --vgg" in " ".join(result.stderr.replace("│", "").split())
        or "add --blend" in result.stderr
    )
