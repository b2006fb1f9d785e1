"""The patient without an arm: wrench on the probe, contact by element, skin, landmarks and frame states.

Any physics engine can put its own arm over this patient: it steps at 1 kHz, passes its clock, and applies the wrench
that `PatientWorld.step` returns to the body that carries the probe. Neither the renderer nor MuJoCo is imported.
"""

import math

import numpy as np

from echopilot_core import Array, BodyLandmarks, BodySurface, Clock, ScannerSettings, se3
from echopilot_core.kernels.compiled import njit
from echopilot_core.robot import HARD_LIMIT_N
from echopilot_core.timing import TICK_NS
from echopilot_sim.anatomy.heart.rhythm import heart_phase
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.torso.skin import Skin, apex_beat
from echopilot_sim.bmode.probes import preset
from echopilot_sim.depth_camera import Body
from echopilot_sim.frame_state import FrameState, Phases
from echopilot_sim.physics.breathing import breathing_phase
from echopilot_sim.physics.contact import CELL_AREA_M2, contact_wrench, face_points
from echopilot_sim.physics.coupling_gel import PLENTY_M, bridged_gap_m, friction, worn
from echopilot_sim.physics.placement import Placement
from echopilot_sim.physics.skin_patch import element_gaps, empty_planes, take_planes

RENEWAL_NS = TICK_NS  # the skin under the probe is taken anew, and the gel worn, this often
_PEAK_N, _CROSSINGS = 0, 1  # places in the record of forces


@njit(cache=True, nogil=True)
def _touch(
    rotation: Array,
    origin_m: Array,
    twist: Array,
    points_m: Array,
    planes: Array,
    age_s: float,
    friction: float,
    wrench: Array,
    record: Array,
) -> None:
    """`contact_wrench`, and the record (2,) of the largest normal force [N] and of steps above the hard limit."""
    contact_wrench(rotation, origin_m, twist, points_m, planes, age_s, friction, wrench)
    force_n = -wrench[2]
    if force_n > record[_PEAK_N]:
        record[_PEAK_N] = force_n
    if force_n > HARD_LIMIT_N:
        record[_CROSSINGS] += 1.0


class PatientWorld:
    """A patient who breathes, moves and yields to a probe. The same patient, times and poses give the same bytes.

    `wrench` (6,) [N, N m] is what the patient does to the probe, in probe at its origin, as of the last step: pressing
    with 5 N reads wrench[2] = -5. It is a live array. `gel_m` is the film of gel [m] on the face.
    """

    def __init__(self, patient: Patient, clock: Clock, breathing: bool = True, gel_m: float = PLENTY_M) -> None:
        """`clock` is the caller's simulated time: every method answers for the time that it shows.

        Without `breathing` the patient holds the breath at mid breathing.
        """
        self.patient = patient
        self.wrench: Array = np.zeros(6)
        self._clock = clock
        self._breathing = breathing
        self._gel_at_start_m = gel_m
        self.skin = Skin(patient.torso, patient.heart)
        self._body = Body(patient)
        self._face = face_points()
        self._planes = empty_planes(len(self._face))
        self._record = np.zeros(2)
        self.reset()

    def reset(self) -> None:
        """Patient, gel and record of forces as they were at the start; the clock is its owner's to set back."""
        self.gel_m = self._gel_at_start_m
        self._placement = Placement(self.patient.T_base_patient)
        self._friction = friction(self.gel_m)
        self._planes_ns = -RENEWAL_NS - 1  # of no time yet
        self._worn_ns = self._clock.now_ns()
        self.wrench[:] = 0.0
        self.reset_force_record()

    def step(self, rotation: Array, origin_m: Array, twist: Array) -> Array:
        """`wrench` (6,) on a probe at the pose (`rotation` (3, 3), `origin_m` (3,)) in base, at the clock's time.

        `twist` (6,) [m/s, rad/s] is the velocity of the probe in base at its origin. Arrays are contiguous float64.
        Call it once per physics step of 1 ms or a little more; a clock that was set back is no error.
        """
        now_ns = self._clock.now_ns()
        age_ns = now_ns - self._planes_ns
        if not 0 <= age_ns <= RENEWAL_NS:
            self.renew_skin(rotation, origin_m)
            age_ns = 0
        _touch(
            rotation,
            origin_m,
            twist,
            self._face,
            self._planes,
            age_ns * 1e-9,
            self._friction,
            self.wrench,
            self._record,
        )
        if not 0 <= now_ns - self._worn_ns <= RENEWAL_NS:
            self.wear_gel(rotation, twist)
        return self.wrench

    def renew_skin(self, rotation: Array, origin_m: Array) -> None:
        """Take the tangent planes of the skin under a probe at this pose, good for the next 10 ms.

        `step` does so by itself when they are older; a caller with a control tick of 10 ms does it at the tick.
        """
        now_ns = self._clock.now_ns()
        later_ns = now_ns + RENEWAL_NS
        now, later = self.phases(now_ns), self.phases(later_ns)
        take_planes(
            self.skin.parameters,
            self._placement.at(now_ns),
            self._placement.at(later_ns),
            rotation,
            origin_m,
            self._face,
            np.array([[now.breathing, apex_beat(now.heart)], [later.breathing, apex_beat(later.heart)]]),
            RENEWAL_NS * 1e-9,
            self._planes,
        )
        self._planes_ns = now_ns
        self._friction = friction(self.gel_m)

    def wear_gel(self, rotation: Array, twist: Array) -> None:
        """Let the film of gel wear for the time since it last did, sliding and pressed as now.

        `step` does so by itself after more than 10 ms; a caller with a control tick of 10 ms does it after the tick.
        """
        now_ns, force_n = self._clock.now_ns(), self.normal_force_n
        dt_s, self._worn_ns = max(now_ns - self._worn_ns, 0) * 1e-9, now_ns
        if force_n <= 0.0:
            self.gel_m = worn(self.gel_m, 0.0, 0.0, dt_s)
            return
        slide_m_s = math.hypot(*(rotation[:, :2].T @ twist[:3]))
        self.gel_m = worn(self.gel_m, slide_m_s * dt_s, force_n / (CELL_AREA_M2 * len(self._face)), dt_s)

    @property
    def normal_force_n(self) -> float:
        """Pressing force now [N] along probe z."""
        return -float(self.wrench[2])

    @property
    def max_normal_force_n(self) -> float:
        """Largest pressing force [N] of any step since the record began, 0 when nothing was touched."""
        return float(self._record[_PEAK_N])

    @property
    def limit_crossings(self) -> int:
        """Steps with a pressing force above 20 N since the record began."""
        return int(self._record[_CROSSINGS])

    def reset_force_record(self) -> None:
        """Begin the record of the largest force and of limit crossings anew."""
        self._record[:] = 0.0

    def phases(self, now_ns: int | None = None) -> Phases:
        """Where the patient is in the heart and breathing cycles at a time [ns], by default now."""
        time_s = (self._clock.now_ns() if now_ns is None else now_ns) * 1e-9
        heart = heart_phase(self.patient, time_s)
        if not self._breathing:
            return Phases(heart)
        return Phases(heart, breathing_phase(self.patient, time_s))

    def surface(self) -> BodySurface:
        """What the depth camera sees now."""
        now_ns, phases = self._clock.now_ns(), self.phases()
        return self._body.surface(now_ns, self._placement.at(now_ns), phases.breathing, apex_beat(phases.heart))

    def landmarks(self) -> BodyLandmarks:
        """Where the operator pointed before the exam, on skin that breathes; they do not follow a shifted patient."""
        return self._body.landmarks(self._clock.now_ns(), self.phases().breathing)

    def frame_state(self, sequence: int, T_base_probe: Array, imaging: ScannerSettings) -> FrameState:
        """The frozen record of this instant, from which image `sequence` is rendered, with the contact by element."""
        now_ns = self._clock.now_ns()
        T_patient_probe = se3.inverse(self._placement.at(now_ns)) @ T_base_probe
        phases = self.phases()
        return FrameState(
            stamp_ns=now_ns,
            sequence=sequence,
            T_base_probe=T_base_probe,
            T_patient_probe=T_patient_probe,
            phases=phases,
            gap_m=element_gaps(self.skin, T_patient_probe, phases, preset(imaging.preset).aperture_m),
            contact_force_n=self.normal_force_n,
            imaging=imaging,
            flicker_seed=(self.patient.seed * 1_000_003 + sequence) % 2**31,
            gel_m=bridged_gap_m(self.gel_m),
        )

    def shift(self, translation_m: Array, yaw_rad: float = 0.0) -> None:
        """The patient moves (a cough, a roll): over half a second by (3,) [m] in base and a yaw about the vertical.

        Raises EchoPilotError, moving nothing, for more than 0.1 m or 0.35 rad.
        """
        self._placement.shift(translation_m, yaw_rad, self._clock.now_ns())

    def sway(self, swing_m: Array, rate_hz: float) -> None:
        """The patient swings from now on by (3,) [m] in base, peak to peak, at a rate [Hz]; zeros end it.

        Raises EchoPilotError, moving nothing, for more than 0.05 m or 2 Hz.
        """
        self._placement.sway(swing_m, rate_hz, self._clock.now_ns())
