"""Properties of drawn patients: determinism, ranges, a heart that keeps its muscle, vessels of the stated size."""

import dataclasses
import hashlib

import numpy as np
import pytest

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy import Patient, build, sample_patient
from echopilot_sim.anatomy.heart.beating_heart import contraction, lv_volume_m3
from echopilot_sim.anatomy.vessels.aorta import DIAPHRAGM_Z_M, outer_radius
from echopilot_sim.anatomy.vessels.vessels import pulse

SEEDS = range(40)


def _flat(value: object) -> list[object]:
    if dataclasses.is_dataclass(value):
        return [x for f in dataclasses.fields(value) for x in _flat(getattr(value, f.name))]
    return [value.tobytes()] if isinstance(value, np.ndarray) else [value]


def _max_outer(patient: Patient) -> float:
    zs = np.linspace(patient.aorta.bifurcation_z_m, DIAPHRAGM_Z_M, 300)
    return 2.0 * max(outer_radius(patient.aorta, float(z)) for z in zs)


def test_same_seed_same_patient_and_same_bytes() -> None:
    assert _flat(sample_patient(7)) == _flat(sample_patient(7))
    assert _flat(sample_patient(7)) != _flat(sample_patient(8))
    digests = [hashlib.sha256(build(sample_patient(7)).volume.labels.tobytes()).hexdigest() for _ in range(2)]
    assert digests[0] == digests[1]


def test_a_negative_seed_is_refused_in_one_line() -> None:
    with pytest.raises(EchoPilotError, match="seed"):
        sample_patient(-1)


def test_patients_stay_in_the_published_ranges() -> None:
    for p in (sample_patient(s) for s in SEEDS):
        assert 0.25 <= p.heart.ejection_fraction <= 0.70
        assert 50.0 <= 60.0 * p.heart_rate_hz <= 110.0
        assert 12.0 <= 60.0 * p.breathing_rate_hz <= 20.0
        assert 0.002 <= p.torso.breathing_chest_m <= 0.005
        assert 0.004 <= p.torso.breathing_abdomen_m <= 0.008
        assert 40e-6 < p.heart.edv_m3 < 220e-6
        assert se3.is_rigid(p.T_base_patient)
        assert np.linalg.norm(p.T_base_patient[:3, 3] - [0.5, 0.0, 0.1]) <= 0.020 + 1e-12
        widest = _max_outer(p)
        low, high = (0.0299, 0.060) if p.aorta.aneurysm else (0.016, 0.0295)  # 30 mm make an aneurysm
        dissected = 1.0 if p.aorta.dissection is None else p.aorta.dissection.widening
        assert low <= widest <= high * dissected


@pytest.mark.parametrize("seed", range(5))
def test_volume_curve_runs_from_edv_to_esv(seed: int) -> None:
    heart = sample_patient(seed).heart
    volumes = np.array([lv_volume_m3(heart, phase) for phase in np.linspace(0.0, 1.0, 401)])
    assert volumes.max() == pytest.approx(heart.edv_m3, rel=1e-6)
    assert 1.0 - volumes.min() / volumes.max() == pytest.approx(heart.ejection_fraction, abs=0.005)
    assert volumes[0] == pytest.approx(volumes[-1], rel=1e-9)
    assert np.abs(np.diff(volumes)).max() < 0.02 * heart.edv_m3  # no jump


def test_contraction_is_bounded_and_ends_where_it_began() -> None:
    values = [contraction(x) for x in np.linspace(0.0, 1.0, 101)]
    assert min(values) >= 0.0 and max(values) == 1.0
    assert values[0] == pytest.approx(0.0) and values[-1] == pytest.approx(0.0, abs=1e-12)


def test_pulse_is_three_percent_and_periodic() -> None:
    values = np.array([pulse(x) for x in np.linspace(0.0, 1.0, 201)])
    assert values.max() == pytest.approx(0.03) and values.min() == pytest.approx(-0.03)
    assert values[0] == pytest.approx(values[-1])
