from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from qgac.evaluation.gains import draw_gains, draw_tradeoff, gains, published_gains
from qgac.evaluation.record import Evaluation, Measurement, Settings
from qgac.metrics.scores import Scores


def evaluation(
    dataset: str = "live1",
    qualities: tuple[int, int] | tuple[int] = (10, 50),
    model: str = "small",
    gain: float = 2.0,
    **settings: Any,
) -> Evaluation:
    """Two pictures whose restored PSNR is better by `gain` in the mean."""
    measurements = []
    for quality in qualities:
        for name, part in (("a.png", 0.5), ("b.png", 1.5)):
            before = Scores(25 + quality / 10, 23, 0.7)
            after = Scores(before.psnr + part * gain, before.psnr_b + 3, 0.75)
            scores = {"jpeg": before, "pillow": replace(before, psnr=before.psnr + 0.1), "restored": after}
            measurements.append(Measurement(name, quality, 1, scores))
    return Evaluation(dataset, Settings(qualities, model=model, **settings), tuple(measurements))


def words(figure: Figure) -> set[str]:
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    legend = axes.get_legend()
    return {text.get_text() for text in [*(legend.get_texts() if legend else ()), *axes.texts]}


def test_gains_are_differences_of_means() -> None:
    found = gains([evaluation()])
    assert [(g.quality, g.source) for g in found] == [(10, "measured"), (50, "measured")]
    for gain in found:
        assert (gain.psnr, gain.psnr_b, gain.ssim) == pytest.approx((2.0, 3.0, 0.05))


def test_the_pillow_protocol_has_pillows_decode_for_a_baseline() -> None:
    assert gains([evaluation(protocol="pillow")])[0].psnr == pytest.approx(1.9)


def test_results_of_one_model_complete_each_other() -> None:
    found = gains([evaluation(qualities=(10, 90)), evaluation(qualities=(40,)), evaluation("icb", (20,))])
    assert [(g.dataset, g.quality) for g in found] == [("live1", 10), ("live1", 40), ("live1", 90), ("icb", 20)]


def test_results_that_cannot_be_plotted() -> None:
    with pytest.raises(ValueError, match="at quality 10; leave one out"):
        gains([evaluation(), evaluation(qualities=(10,))])
    with pytest.raises(ValueError, match="--jpeg-only"):
        gains([Evaluation("live1", Settings((10,), model=None), ())])


def test_infinite_figures_are_left_out() -> None:
    perfect = Scores(math.inf, math.inf, 1.0)
    same = Measurement("a", 100, 1, {"jpeg": perfect, "pillow": perfect, "restored": perfect})
    found = gains([Evaluation("live1", Settings((10, 100)), (*evaluation(qualities=(10,)).measurements, same))])
    assert [g.quality for g in found] == [10]


def test_published_gains_by_hand() -> None:
    """Fig. 12: table 1, Live-1, quality 10, less 25.60 and 0.755."""
    found = {g.model: (round(g.psnr, 2), round(g.ssim, 3)) for g in published_gains("live1", "color", 10)}
    assert found == {
        "ARCNN": (1.06, 0.037),
        "MWCNN": (1.61, 0.050),
        "IDCN": (2.02, 0.061),
        "DMCNN": (1.58, 0.055),
        "QGAC": (2.05, 0.064),
    }
    assert [g.model for g in published_gains("live1", "color", 30)] == ["ARCNN", "MWCNN", "QGAC"]
    assert published_gains("folder", "color", 10) == []


def test_gain_figure_has_a_line_a_set_and_the_papers_points() -> None:
    measured = gains([evaluation(), evaluation("icb", (10, 30), gain=-1)])
    figure, drawn = draw_gains(measured)
    assert words(figure) == {"Live-1, colour", "ICB, colour", "the paper, tables 1 to 3"}
    assert {(g.dataset, g.quality) for g in drawn if g.source == "paper"} == {
        *(("live1", q) for q in (10, 20, 30, 50)),
        *(("icb", q) for q in (10, 20, 30)),
    }
    low, high = figure.axes[0].get_ylim()
    assert all(low < g.psnr < high for g in drawn)


def test_gain_figure_of_a_folder_has_no_papers_points() -> None:
    figure, drawn = draw_gains(gains([evaluation("folder"), evaluation("folder", model="other")]))
    assert words(figure) == {"folder, colour: small", "folder, colour: other"}
    assert {g.source for g in drawn} == {"measured"}


def test_tradeoff_figure() -> None:
    figure, drawn = draw_tradeoff(gains([evaluation(), evaluation(model="other", gain=1.1)]), 10)
    assert words(figure) == {"small", "other", "ARCNN", "MWCNN", "IDCN", "DMCNN", "QGAC, paper"}
    axes = figure.axes[0]
    for gain in drawn:
        assert axes.get_xlim()[0] < gain.psnr < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < gain.ssim < axes.get_ylim()[1]


def test_tradeoff_is_of_one_set_and_quality() -> None:
    with pytest.raises(ValueError, match="nothing was measured at quality 20"):
        draw_tradeoff(gains([evaluation()]), 20)
    with pytest.raises(ValueError, match="several test sets"):
        draw_tradeoff(gains([evaluation(), evaluation("icb")]), 10)
