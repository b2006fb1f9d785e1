"""A small scripted world for exam tests: seen frames, robot states and a controller that answers goals."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from echopilot_core import (
    CaliperConvention,
    CaliperPoint,
    ClassExtent,
    ControlGoal,
    ControlPhase,
    ControlStatus,
    Frame,
    GoalKind,
    LabelMap,
    Measurement,
    MeasurementName,
    Outcome,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    RobotMode,
    RobotState,
    SafetyMode,
    SafetyState,
    SectorBox,
    SegmentationClass,
    View,
    se3,
)
from echopilot_exam.machine.machine import ExamInputs, ExamMachine, ExamOutput, OperatorRequest

TICK_NS = 50_000_000
FRAME_NS = 33_333_333
LATENCY_NS = 60_000_000

CELL_M = 0.00125
GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.133, CELL_M / 3, CELL_M / 3, 160.0, 0.0, 2.5e6)
SECTOR = SectorBox(0, 0, 320, 320)
SPECKLE = np.random.default_rng(0).rayleigh(0.8, (320, 320))


def make_labels(view: View, radius_m: float = 0.012) -> LabelMap:
    """A plausible label map on the network's grid: an aorta in transverse section or four chambers."""
    spacing = 0.00125
    x = -0.08 + spacing * (np.arange(128) + 0.5)
    y = spacing * (np.arange(128) + 0.5)
    xx, yy = np.meshgrid(x, y)
    labels = np.zeros((128, 128), np.uint8)

    def ellipse(cx: float, cy: float, ax: float, ay: float, tissue: SegmentationClass) -> None:
        labels[((xx - cx) / ax) ** 2 + ((yy - cy) / ay) ** 2 <= 1.0] = tissue

    if view not in (View.AORTA_TRANS, View.AORTA_LONG):
        if view is not View.A4C:  # whatever the other gates of the heart ask for
            ellipse(0.035, 0.110, 0.020, 0.020, SegmentationClass.LIVER)
            ellipse(0.0, 0.020, 0.014, 0.012, SegmentationClass.AO_ROOT)
        if view is View.SC_IVC:
            ellipse(0.0, 0.145, 0.030, 0.010, SegmentationClass.IVC)
        ellipse(0.012, 0.065, 0.026, 0.042, SegmentationClass.LV_MYO)
        ellipse(0.012, 0.065, 0.018, 0.035, SegmentationClass.LV)
        ellipse(-0.025, 0.070, 0.014, 0.028, SegmentationClass.RV)
        ellipse(0.016, 0.122, 0.018, 0.018, SegmentationClass.LA)
        ellipse(-0.022, 0.120, 0.017, 0.017, SegmentationClass.RA)
    else:
        ellipse(0.0, 0.105, 0.020, 0.014, SegmentationClass.VERTEBRA)
        ellipse(0.0, 0.075, radius_m, radius_m, SegmentationClass.AO_WALL)
        ellipse(0.0, 0.075, radius_m - 0.0025, radius_m - 0.0025, SegmentationClass.AO_LUMEN)
        ellipse(-0.030, 0.078, 0.009, 0.006, SegmentationClass.IVC)
    return LabelMap(labels, float(x[0]), float(y[0]), spacing)


@lru_cache(maxsize=64)
def make_section(view: View, radius_mm10: int) -> tuple[LabelMap, tuple[ClassExtent, ...]]:
    """Label map and extents; cached, the radius in tenths of a millimeter."""
    label_map = make_labels(view, radius_mm10 * 1e-4)
    extents = []
    for tissue in SegmentationClass:
        cells = np.argwhere(label_map.labels == tissue)
        if tissue is not SegmentationClass.BACKGROUND and len(cells):
            row, column = cells.mean(axis=0)
            x, y = (label_map.origin_x_m + column * 0.00125, label_map.origin_y_m + row * 0.00125)
            extents.append(ClassExtent(tissue, len(cells) * 0.00125**2, 1e-6, float(x), float(y)))
    return label_map, tuple(extents)


def make_seen(
    sequence: int,
    stamp_ns: int,
    view: View,
    *,
    good: bool = True,
    diameter_m: float = 0.024,
    volume_m3: float = 100e-6,
) -> PerceptionResult:
    """One perceived frame of a view; a bad one has low quality."""
    probability = np.full(len(View), 0.01)
    probability[view] = 1.0 - 0.01 * (len(View) - 1)
    label_map, extents = make_section(view, round(diameter_m * 5e3))
    if view in (View.A4C, View.A2C):
        measurements = (
            Measurement(
                MeasurementName.LV_VOLUME,
                volume_m3,
                "m3",
                4e-6,
                view,
                end_points=(CaliperPoint(0.012, 0.030), CaliperPoint(0.012, 0.100)),
                frame_sequences=(sequence,),
            ),
        )
    else:
        half = diameter_m / 2.0
        measurements = (
            Measurement(
                MeasurementName.AORTA_OUTER_AP,
                diameter_m,
                "m",
                0.0005,
                view,
                CaliperConvention.OUTER_TO_OUTER,
                end_points=(CaliperPoint(0.0, 0.075 - half), CaliperPoint(0.0, 0.075 + half)),
                frame_sequences=(sequence,),
            ),
        )
    return PerceptionResult(
        stamp_ns=stamp_ns,
        sequence=sequence,
        geometry=GEOMETRY,
        label_map=label_map,
        extents=extents,
        view_probability=probability,
        quality=0.8 if good else 0.1,
        coupling=np.ones(16),
        ood_score=0.0,
        measurements=measurements,
        model_id="test",
        model_sha256="ab" * 32,
    )


def make_frame(seen: PerceptionResult) -> Frame:
    """Gray image of a perception result: speckle whose level follows the labels."""
    labels = np.kron(seen.label_map.labels, np.ones((3, 3), np.uint8))[:320, 32:352]
    level = np.array([70, 12, 110, 12, 12, 12, 12, 12, 130, 15, 160, 20, 85, 5], np.float64)[labels]
    image = np.clip(level * np.roll(SPECKLE, 7 * seen.sequence, axis=1), 0, 255)
    x, y = np.meshgrid(np.arange(320) - 160, np.arange(320))
    image[np.abs(x) > 20 + 0.93 * y] = 0
    return Frame(seen.stamp_ns, seen.sequence, image.astype(np.uint8), GEOMETRY, SECTOR)


def make_robot(now_ns: int, force_n: float = 0.0, along_m: float = 0.0) -> RobotState:
    """Probe pointing down, transverse; `along_m` moves it towards the feet."""
    T = se3.transform(np.diag([1.0, -1.0, -1.0]), np.array([0.5, -along_m, 0.2]))
    wrench = np.array([0.0, 0.0, -force_n, 0.0, 0.0, 0.0])
    return RobotState(now_ns, now_ns // 10_000_000, T, np.zeros(6), wrench, np.zeros(7), np.zeros(7), RobotMode.SERVO)


def make_status(now_ns: int, goal: ControlGoal, phase: ControlPhase, outcome: Outcome, force_n: float) -> ControlStatus:
    """What the controller says."""
    return ControlStatus(
        stamp_ns=now_ns,
        tick=now_ns // 10_000_000,
        goal_id=goal.goal_id,
        kind=goal.kind,
        phase=phase,
        outcome=outcome,
        detail="",
        progress=0.0,
        force_setpoint_n=goal.force_setpoint_n,
        contact_force_n=force_n,
        station_m=float("nan"),
        view_score=0.8,
        frame_sequence=0,
        frame_age_s=0.1,
    )


def safety(mode: SafetyMode = SafetyMode.OK, now_ns: int = 0) -> SafetyState:
    """State of safety with the cardiac limits."""
    reasons = () if mode is SafetyMode.OK else ("test",)
    return SafetyState(now_ns, mode, reasons, 12.0, 18.0)


class World:
    """Answers goals as a working controller would, on a patient with a given aorta and heart; faults can be set."""

    def __init__(self, machine: ExamMachine, widest_m: float = 0.024, fraction: float = 0.6) -> None:
        self.machine = machine
        self.widest_m = widest_m
        self.fraction = fraction
        self.now_ns = 0
        self.good = True
        self.blind = False
        self.silent = False
        self.stutters = False
        self.mode = SafetyMode.OK
        self.found = True
        self.request = OperatorRequest.NONE
        self._sequence = 0
        self._goal = ControlGoal(0, GoalKind.IDLE)
        self._goal_since_ns = 0
        self._status: ControlStatus | None = None
        self._pending: list[PerceptionResult] = []
        self.along_m = 0.0
        self.force_n = 0.0
        self.last_inputs: ExamInputs | None = None

    def tick(self) -> ExamOutput:
        """One exam tick."""
        self._drive()
        due = [s for s in self._pending if s.stamp_ns + LATENCY_NS <= self.now_ns]
        self._pending = [s for s in self._pending if s.stamp_ns + LATENCY_NS > self.now_ns]
        inputs = ExamInputs(
            now_ns=self.now_ns,
            robot=make_robot(self.now_ns, self.force_n, self.along_m),
            status=self._status,
            safety=safety(self.mode, self.now_ns),
            results=tuple(due),
            request=self.request,
        )
        self.last_inputs = inputs
        self.request = OperatorRequest.NONE
        output = self.machine.step(inputs)
        if output.goal.goal_id != self._goal.goal_id:
            self._goal, self._goal_since_ns = output.goal, self.now_ns
        self.now_ns += TICK_NS
        return output

    def run(self, limit_s: float = 900.0) -> list[ExamOutput]:
        """Until done; fails when the exam takes longer."""
        outputs = [self.tick()]
        while not outputs[-1].done:
            assert self.now_ns < limit_s * 1e9, f"no end, stuck in {outputs[-1].state.phase}"
            outputs.append(self.tick())
        return outputs

    def _drive(self) -> None:
        elapsed_s = (self.now_ns - self._goal_since_ns) * 1e-9
        phase, outcome = ControlPhase.IDLE, Outcome.RUNNING
        if self._goal.kind is GoalKind.HOLD:
            phase, self.force_n = ControlPhase.HOLD, 5.0
        elif self._goal.kind is GoalKind.ACQUIRE_VIEW:
            order = (ControlPhase.APPROACH, ControlPhase.TOUCH, ControlPhase.COUPLE, ControlPhase.SEARCH)
            phase = order[min(int(elapsed_s), 3)]
            self.force_n = 5.0 if elapsed_s > 2.0 else 0.0
            if elapsed_s > 5.0 and self.found:
                phase, outcome = ControlPhase.HOLD, Outcome.SUCCEEDED
                if self.stutters and self.now_ns // TICK_NS % 8 < 2:
                    phase, outcome = ControlPhase.RECOVER, Outcome.RUNNING
            elif elapsed_s > self._goal.timeout_s:
                phase, outcome = ControlPhase.HOLD, Outcome.NOT_FOUND
        elif self._goal.kind is GoalKind.SWEEP:
            phase = ControlPhase.SWEEP
            self.along_m += self._goal.speed_m_s * TICK_NS * 1e-9
            if self.along_m > 0.12:
                outcome = Outcome.SUCCEEDED
        elif self._goal.kind is GoalKind.RETREAT:
            phase, self.force_n = ControlPhase.RETREAT, 0.0
            if elapsed_s > 1.5:
                outcome = Outcome.SUCCEEDED
        if not self.silent:
            self._status = make_status(self.now_ns, self._goal, phase, outcome, self.force_n)
        while not self.blind and self._sequence * FRAME_NS <= self.now_ns:
            self._pending.append(self._result(self._sequence, self._sequence * FRAME_NS))
            self._sequence += 1
        if self.blind:
            self._sequence = self.now_ns // FRAME_NS + 1

    def _result(self, sequence: int, stamp_ns: int) -> PerceptionResult:
        view = self._goal.view if self._goal.view is not View.NONE else View.NONE
        if view is View.NONE:
            return replace(make_seen(sequence, stamp_ns, View.AORTA_TRANS), view_probability=np.eye(len(View))[0])
        bulge = np.exp(-(((self.along_m - 0.07) / 0.02) ** 2))
        diameter_m = 0.018 + (self.widest_m - 0.018) * float(bulge)
        beat = 0.5 - 0.5 * np.cos(2.0 * np.pi * stamp_ns * 1e-9 / 0.9)
        volume = 110e-6 * (1.0 - self.fraction * float(beat))
        return make_seen(sequence, stamp_ns, view, good=self.good, diameter_m=diameter_m, volume_m3=volume)
