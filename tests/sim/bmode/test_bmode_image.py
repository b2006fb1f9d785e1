"""Properties of the rendered image: determinism, shadows, contrast, contact, geometry."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, ScannerSettings
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode import Appearance, Renderer
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases

PLAIN = Appearance(clutter_db=-80.0, noise=1e-7, near_clutter=0.0)


class Phantom:
    """Liver everywhere; optionally a bone plate, a blood-filled tube in muscle, air above the skin."""

    patient = None

    def __init__(self, content: str = "") -> None:
        self.content = content

    def label_points(
        self, points_patient_m: NDArray[np.float64], phases: Phases
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        x, z = points_patient_m[:, 0], points_patient_m[:, 2]
        labels = np.full(x.size, Material.LIVER, np.uint8)
        if self.content == "bone":
            labels[(np.abs(x) < 0.010) & (z > 0.030) & (z < 0.038)] = Material.BONE
        elif self.content == "heart":
            labels[:] = Material.MYOCARDIUM_LV
            labels[np.hypot(x, z - 0.08) < 0.022] = Material.BLOOD_LV
        elif self.content == "skin":
            labels[z < 0.0] = Material.AIR
        return labels, points_patient_m.astype(np.float32)


def frame_state(
    gap_m: float | NDArray[np.float64] = 0.0, sequence: int = 0, y_m: float = 0.0, name: str = "cardiac"
) -> FrameState:
    T = np.eye(4)
    T[1, 3] = y_m
    gaps = np.broadcast_to(np.asarray(gap_m, float), (N_ELEMENTS,)).copy()
    T[2, 3] = -float(gaps.mean())
    return FrameState(7, sequence, np.eye(4), T, Phases(), gaps, 5.0, ScannerSettings(preset=name), sequence)


def decibel(power: NDArray[np.float32]) -> float:
    return float(10.0 * np.log10(power.mean()))


@pytest.mark.parametrize("quality", ["full", "fast"])
def test_same_moment_gives_same_bytes(quality: str) -> None:
    one = Renderer(Phantom("heart"), quality, seed=3).render(frame_state())  # type: ignore[arg-type]
    two = Renderer(Phantom("heart"), quality, seed=3).render(frame_state())  # type: ignore[arg-type]
    other = Renderer(Phantom("heart"), quality, seed=4).render(frame_state())  # type: ignore[arg-type]
    assert one.image.tobytes() == two.image.tobytes()
    assert one.image.tobytes() != other.image.tobytes()


def test_history_leaves_no_trace() -> None:
    renderer = Renderer(Phantom("heart"), "fast", seed=3)
    first = renderer.render(frame_state()).image.tobytes()
    renderer.render(frame_state(0.02, 5, 0.03))
    assert renderer.render(frame_state()).image.tobytes() == first


def test_bone_casts_a_clean_shadow() -> None:
    power = Renderer(Phantom("bone"), "full", seed=15, appearance=PLAIN).echoes(frame_state()).power
    behind = slice(200, 300)
    assert decibel(power[behind, 93:99]) < decibel(power[behind, 20:40]) - 25.0


def test_blood_is_far_darker_than_muscle() -> None:
    power = Renderer(Phantom("heart"), "full", seed=16, appearance=PLAIN).echoes(frame_state()).power
    blood = power[220:290, 90:102]
    muscle = power[90:150, 90:102]
    assert decibel(blood) < decibel(muscle) - 20.0


def test_lifted_elements_are_dark_and_the_others_are_not() -> None:
    gaps = np.where(np.arange(N_ELEMENTS) < N_ELEMENTS // 2, 0.0, 0.010)
    renderer = Renderer(Phantom(), "full", seed=17, appearance=PLAIN)
    power = renderer.echoes(replace(frame_state(), gap_m=gaps)).power
    assert decibel(power[120:400, 120:]) < decibel(power[120:400, :70]) - 25.0
    assert decibel(power[120:400, :70]) == pytest.approx(
        decibel(renderer.echoes(frame_state()).power[120:400, :70]), abs=1.0
    )


def test_gel_bridges_small_gaps_only() -> None:
    renderer = Renderer(Phantom("skin"), "full", seed=18)
    contact, gel, air = (renderer.render(frame_state(g)).image[120:300].mean() for g in (0.0, 0.002, 0.012))
    assert gel > 0.85 * contact
    assert air < 0.15 * contact


def test_no_contact_shows_only_the_probes_own_reverberation() -> None:
    frame = Renderer(Phantom("skin"), "full", seed=19).render(frame_state(0.03))
    near = frame.image[int(frame.geometry.origin_v_px) : int(frame.geometry.origin_v_px) + 30]
    assert near.max() > 120
    assert frame.image[60:].mean() < 20.0


@pytest.mark.parametrize(
    ("name", "quality"), [("cardiac", "full"), ("abdomen", "fast"), ("convex", "full"), ("linear", "full")]
)
def test_nothing_is_drawn_outside_the_field_of_view(name: str, quality: str) -> None:
    frame = Renderer(Phantom(), quality, seed=20).render(frame_state(name=name))  # type: ignore[arg-type]
    g = frame.geometry
    v, u = np.nonzero(frame.image)
    x = (u - g.origin_u_px) * g.spacing_x_m
    y = (v - g.origin_v_px) * g.spacing_y_m
    if name == "linear":
        assert np.abs(x).max() <= g.aperture_m / 2 + 1e-9
        assert y.max() <= g.depth_m + 1e-9
    else:
        assert (np.hypot(x, y + g.radius_m) - g.radius_m).max() <= g.depth_m + 1e-9
        assert np.abs(np.arctan2(x, y + g.radius_m)).max() <= g.opening_angle_rad / 2 + 1e-9
    box = frame.sector
    assert u.min() >= box.left_px and u.max() < box.right_px and v.min() >= box.top_px and v.max() < box.bottom_px
    filled = (frame.image[box.top_px : box.bottom_px, box.left_px : box.right_px] > 0).mean()
    assert filled > 0.4


def test_visibility_sees_tissue_and_not_the_shadow() -> None:
    rendered = Renderer(Phantom("bone"), "full", seed=21, appearance=PLAIN).render_with_truth(
        frame_state(name="abdomen")
    )
    seen = rendered.visibility
    assert seen.shape == (128, 128)
    assert seen[80, 64] < 0.1  # behind the bone
    assert 0.5 < seen[80, 30] < 2.0
    assert seen[2, 0] == 0.0  # outside the fan


def test_blood_flickers_and_muscle_does_not() -> None:
    renderer = Renderer(Phantom("heart"), "full", seed=22, appearance=PLAIN)
    one, two = (np.sqrt(renderer.echoes(frame_state(sequence=k)).power) for k in (1, 2))
    assert np.corrcoef(one[90:150].ravel(), two[90:150].ravel())[0, 1] > 0.95
    assert abs(np.corrcoef(one[230:280, 92:100].ravel(), two[230:280, 92:100].ravel())[0, 1]) < 0.5


def test_bad_settings_are_refused_in_one_clear_line() -> None:
    with pytest.raises(EchoPilotError, match="cardiac, abdomen"):
        Renderer(Phantom(), seed=1).render(frame_state(name="kidney"))
    with pytest.raises(EchoPilotError, match="full, fast"):
        Renderer(Phantom(), "superb", seed=1)  # type: ignore[arg-type]
    bad = replace(frame_state(), imaging=ScannerSettings(depth_m=float("nan")))
    with pytest.raises(EchoPilotError, match="depth"):
        Renderer(Phantom(), seed=1).render(bad)


def test_not_a_number_gaps_count_as_lifted() -> None:
    frame = Renderer(Phantom(), "fast", seed=1).render(replace(frame_state(), gap_m=np.full(N_ELEMENTS, np.nan)))
    assert frame.image[60:].mean() < 20.0
