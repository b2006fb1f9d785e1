"""Temperatures, calibration error, ROC area and Wilson intervals against what is known of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from scipy.stats import binomtest

from echopilot_core import EchoPilotError
from echopilot_perception.anomaly import (
    auroc,
    expected_calibration_error,
    fit_sigmoid_temperature,
    fit_temperature,
    reliability,
    wilson,
)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_spoiled_the_logits_is_found_and_mends_them(temperature: float) -> None:
    seed = int(np.random.default_rng().integers(1 << 31))
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    honest = rng.normal(0.0, 2.0, (20_000, 5))
    labels = np.array([rng.choice(5, p=p) for p in softmax(honest[:4000], axis=1)])
    logits = temperature * honest[:4000]
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.1)
    mended = softmax(logits / found, axis=1)
    assert expected_calibration_error(mended.max(axis=1), mended.argmax(axis=1) == labels) < 0.03
    truth = rng.random(len(honest)) < expit(honest[:, 0])
    assert fit_sigmoid_temperature(temperature * honest[:, 0], truth) == pytest.approx(temperature, rel=0.1)


def test_a_temperature_never_raises_the_loss_and_keeps_the_ranking() -> None:
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(0, 4, (300, 3)), rng.integers(0, 3, 300)

    def loss(t: float) -> float:
        return float(-np.log(softmax(logits / t, axis=1)[np.arange(300), labels]).mean())

    found = fit_temperature(logits, labels)
    assert all(loss(found) <= loss(t) + 1e-6 for t in (0.5, 1.0, 2.0, 10.0))


def test_right_as_often_as_sure_has_no_calibration_error_and_always_wrong_has_all_of_it() -> None:
    sure = np.full(100, 0.8)
    assert expected_calibration_error(sure, np.arange(100) < 80) == pytest.approx(0.0)
    assert expected_calibration_error(np.ones(10), np.zeros(10)) == 1.0
    table = reliability(sure, np.arange(100) < 80)
    assert sum(row.count for row in table) == 100
    assert [row.count for row in table if row.low <= 0.8 < row.high] == [100]
    assert np.isnan(expected_calibration_error([], []))


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 400), share=st.floats(0.0, 1.0))
def test_wilson_equals_scipy(n: int, share: float) -> None:
    k = round(share * n)
    ours = wilson(k, n)
    theirs = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert ours.low <= ours.value <= ours.high


def test_no_cases_leave_the_rate_open_and_impossible_counts_are_refused() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(EchoPilotError, match="0 <= k <= n"):
        wilson(3, 2)


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    seed = int(np.random.default_rng().integers(1 << 31))
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    scores, truth = rng.integers(0, 12, 80) / 11, rng.random(80) < 0.4
    pairs = scores[truth][:, None] - scores[~truth][None, :]
    assert auroc(scores, truth) == pytest.approx(float(((pairs > 0) + 0.5 * (pairs == 0)).mean()))
    assert auroc(-scores, truth) == pytest.approx(1.0 - auroc(scores, truth))
    assert np.isnan(auroc([0.1, 0.2], [True, True]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: fit_temperature(np.zeros((0, 3)), np.zeros(0, int)),
        lambda: fit_temperature(np.full((2, 3), np.nan), np.zeros(2, int)),
        lambda: fit_temperature(np.zeros((2, 3)), np.array([0, 3])),
        lambda: fit_sigmoid_temperature(np.zeros(3), np.zeros(2)),
        lambda: reliability([1.2], [True]),
        lambda: auroc([np.nan, 1.0], [True, False]),
    ],
)
def test_unusable_input_is_refused_in_one_line(call) -> None:
    with pytest.raises(EchoPilotError) as error:
        call()
    assert "\n" not in str(error.value)
