"""What a run leaves beside its weights: a table of validations, and curves and sheets for TensorBoard."""

from __future__ import annotations

from pathlib import Path

import torch

from qgac.training.log import Log


def test_the_table_of_validations_survives_large_steps_and_another_start(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    for step in (1_234_567, 2_000_000):
        log = Log(tmp_path, step)
        log.write(step, 0.5, {"l1": 0.25}, 1e-3, {"mean": 1.5})
        log.close()
    assert [row.split(",")[0] for row in path.read_text().splitlines()] == ["step", "1234567", "2000000"]
    log = Log(tmp_path, 0)  # of a new run, which has other columns
    log.write(100, 0.5, {}, 1e-3, {"q10": 1.5, "mean": 1.5})
    log.close()
    assert path.read_text() == "step,learning_rate,loss,q10,mean\n100,0.001,0.5,1.5,1.5\n"


def test_curves_are_there_for_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = Log(tmp_path, 0)
    log.write(50, 0.5, {"l1": 0.25}, 1e-3, None)
    log.write(100, 0.375, {"l1": 0.125}, 1e-4, {"q10": 1.5, "mean": 1.5})
    log.show(100, torch.zeros(8, 24, 3, dtype=torch.uint8).numpy())
    log.close()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("train/loss")] == [(50, 0.5), (100, 0.375)]
    assert [(event.step, event.value) for event in events.Scalars("validation/q10")] == [(100, 1.5)]
    assert [event.step for event in events.Images("sheet")] == [100]
    assert (tmp_path / "metrics.csv").read_text() == (
        "step,learning_rate,loss,l1,q10,mean\n100,0.0001,0.375,0.125,1.5,1.5\n"
    )
