"""Accuracy against confidence: the diagonal, a point a bin, and what it comes to in words."""

import re

import numpy as np
import pytest

from fitmon.engine.insight.calibration import CalibrationBin, calibration_curve
from fitmon.engine.insight.scores import score_probabilities
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.calibration import calibration_words, chance_error, draw_calibration

Curve = tuple[CalibrationBin, ...]


def curve(*bins: tuple[float, float, int]) -> Curve:
    """Return bins of (confidence, accuracy, samples), as wide as they are apart."""
    return tuple(
        CalibrationBin(low=confidence - 0.03, high=min(1, confidence + 0.03), samples=samples,
                       confidence=confidence, accuracy=accuracy)
        for confidence, accuracy, samples in bins
    )  # fmt: skip


def drawn(bins: Curve | None, width: int = 60, height: int = 22) -> list[str]:
    return [text_of(line) for line in draw_calibration(bins, "one sample is too few", (), width, height)]


def place(lines: list[str], sign: str) -> tuple[int, int]:
    """Return the line and the column where a sign stands first, from above."""
    return next((line, text.index(sign)) for line, text in enumerate(lines) if sign in text)


@pytest.mark.parametrize(
    ("bins", "words"),
    [
        (curve((0.9, 0.6, 1000)), "expected calibration error 0.300: overconfident by 0.300 on average"),
        (curve((0.6, 0.9, 1000)), "underconfident by 0.300 on average"),
        (curve((0.6, 0.8, 1000), (0.95, 0.75, 1000)), "overconfident in some bins, underconfident"),
        (curve((0.9, 0.89, 100)), "expected calibration error 0.010: within chance for 100 samples"),
    ],
)
def test_the_error_is_explained_in_words(bins: Curve, words: str) -> None:
    assert words in calibration_words(bins)[0].replace("\u00a0", " ")
    assert len(calibration_words(bins)[1]) < len(calibration_words(bins)[0])


def test_the_error_that_chance_makes_is_that_of_a_perfectly_calibrated_model() -> None:
    random = np.random.default_rng(0)
    errors, expected = [], []
    for _ in range(300):
        probability = random.uniform(0, 1, 400).astype(np.float32)
        bins = calibration_curve(score_probabilities(probability, (random.uniform(0, 1, 400) < probability) * 1))
        assert bins is not None
        gaps = [each.samples * abs((each.accuracy or 0) - (each.confidence or 0)) for each in bins]
        errors.append(sum(gaps) / 400)
        expected.append(chance_error(bins))
    assert np.mean(expected) == pytest.approx(np.mean(errors), rel=0.05)


def test_a_model_that_is_too_sure_lies_below_the_diagonal() -> None:
    lines = drawn(curve((0.9, 0.3, 50)))[1:12]
    point, filled = place(lines, "•"), place(lines, "░")
    assert filled[0] < point[0]
    assert filled[1] == point[1]
    assert "╎" not in "".join(lines)


def test_a_model_that_could_be_surer_lies_above_the_diagonal() -> None:
    lines = drawn(curve((0.3, 0.9, 50)))[1:12]
    assert place(lines, "•")[0] < place(lines, "╎")[0]
    assert "░" not in "".join(lines)


def test_points_of_few_samples_have_a_sign_of_their_own() -> None:
    picture = "\n".join(drawn(curve((0.3, 0.4, 3), (0.8, 0.7, 300)))[1:12])
    assert "+" in picture
    assert "•" in picture


def test_the_diagonal_runs_from_corner_to_corner() -> None:
    lines = drawn(curve((0.2, 0.2, 50)), 60, 22)
    dots = [(line, match.start()) for line, text in enumerate(lines) for match in re.finditer("[⠁⠂⠄⡀]", text)]
    lowest = max(line for line, _ in dots)
    assert min(dots)[0] == 1
    assert min(column for line, column in dots if line == lowest) == min(column for _, column in dots)
    assert len(dots) > 45


def test_an_axis_starts_at_a_half_if_no_value_is_below() -> None:
    assert "\n".join(drawn(curve((0.7, 0.8, 500)))).count("0.75") == 2
    assert "\n".join(drawn(curve((0.3, 0.8, 500)))).count("0.75") == 1


def test_the_strip_shows_where_the_samples_are() -> None:
    strip = next(line for line in drawn(curve((0.2, 0.2, 1), (0.9, 0.9, 5000))) if "└" in line)
    assert re.search("[▁▂] +█", strip)


def test_without_a_curve_the_reason_is_shown() -> None:
    assert "one sample is too few" in "\n".join(drawn(None))
    assert "┤" not in "\n".join(drawn(None))


def test_a_low_panel_keeps_the_words() -> None:
    lines = drawn(curve((0.9, 0.6, 1000)), 40, 4)
    assert "overconfident by 0.300" in "\n".join(lines)


def test_every_size_is_filled_exactly() -> None:
    bins = curve((0.1, 0, 5), (0.5, 1, 50), (1, 1, 500))
    for width in range(1, 90, 3):
        for height in range(1, 40):
            rows = draw_calibration(bins, "", (), width, height)
            assert len(rows) == height
            assert {width_of(line) for line in rows} == {width}
