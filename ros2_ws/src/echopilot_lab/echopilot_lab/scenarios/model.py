"""Schema of a scenario file, explained in docs/scenarios.md."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from echopilot_core import Preset, SuspicionOutcome, View
from echopilot_exam.suspicion.table import second_looks
from echopilot_lab.scenarios.disturbances import Disturbance, Strict
from echopilot_sim.arm.arm_models import ArmName


class PatientSpec(Strict):
    """A drawn or a named patient, and numbers of it that are changed, as `torso.breathing_abdomen_m: 0.010`."""

    seed: int | None = Field(None, ge=0)
    name: str = ""
    changes: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_of_both(self) -> "PatientSpec":
        if (self.seed is None) == (self.name == ""):
            raise ValueError("give a seed or a name")
        return self


class GoalSpec(Strict):
    """One goal of the controller. A sweep of speed 0 follows the aorta where it is."""

    kind: Literal["acquire", "sweep"]
    view: str = "AORTA_TRANS"
    preset: Literal[Preset.CARDIAC, Preset.ABDOMEN] = Preset.ABDOMEN
    force_n: float = Field(8.0, gt=0.0)
    timeout_s: float = Field(60.0, gt=0.0)
    speed_mm_s: float = Field(8.0, ge=0.0)

    @model_validator(mode="after")
    def _known_view(self) -> "GoalSpec":
        names = [view.name for view in View if view is not View.NONE]
        if self.view not in names:
            raise ValueError(f"view '{self.view}' is unknown; choose one of {', '.join(names)}")
        return self


class SimSpec(Strict):
    """The simulator's settings that differ from its own."""

    frame_hz: float = Field(15.0, ge=1.0, le=100.0)
    image_latency_ms: float = Field(60.0, ge=0.0)
    command_latency_ms: int = Field(5, ge=0, le=9)
    gel_mm: float = Field(20.0, ge=0.0)
    arm: ArmName = "fr3_like"


class Criteria(Strict):
    """Bounds that make a run pass; what is left out is not judged. Forces are true ones, under the arm's own hold too.

    0 steps above the hard limit of 20 N, and no latched reason but those in `latch`, are always asked for.
    """

    max_force_n: float | None = None
    force_rmse_n: float | None = None  # against the set-point, 1.5 s and more after it last changed
    force_peak_error_n: float | None = None  # the same samples
    contact_share: float | None = None  # of the time from first contact on, with more than 1 N
    reached: bool | None = None  # 8 degrees and 8 mm from the true view while it is held
    within_s: float | None = None  # from first contact to the goal's success
    completed: bool | None = None  # every goal, or every step of the exam
    centring_mm: float | None = None  # median distance of the true aortic center from the beam axis while sweeping
    tracking_rmse_mm: float | None = None  # the same, root mean square, from `settle_s` on
    latch: tuple[str, ...] = ()
    latch_may: tuple[str, ...] = ()  # allowed, not asked for
    retreated: bool | None = None  # off the skin at the end
    phases: tuple[str, ...] = ()  # of the controller, that must be seen
    suspicions: tuple[str, ...] | None = None  # of the exam: exactly these, as ANEURYSM_ABDOMINAL CONFIRMED

    @field_validator("suspicions")
    @classmethod
    def _known_suspicions(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        valid = [f"{kind.name} {outcome.name}" for kind in second_looks() for outcome in SuspicionOutcome]
        wrong = [words for words in value or () if words not in valid]
        if wrong:
            raise ValueError(f"suspicion '{wrong[0]}' is unknown; choose of {', '.join(valid)}")
        return value


class Beside(Strict):
    """The same scenario once more with a difference, for comparison; not judged."""

    name: str
    disturbances: tuple[Disturbance, ...] = ()  # on top
    image_age_ms: float | None = None


class Scenario(Strict):
    """A whole scenario. Times count from the first contact unless they say otherwise."""

    name: str
    description: str
    why: str
    patient: PatientSpec
    pictures: Literal["rendered", "none"]  # none: results that say nothing but "the target is straight ahead"
    goals: tuple[GoalSpec, ...] = ()
    protocol: str = ""
    sim: SimSpec = SimSpec()
    image_age_ms: float | None = None  # limit of the age of images, instead of the product's
    disturbances: tuple[Disturbance, ...] = ()
    contact_within_s: float = 45.0
    duration_s: float = Field(gt=0.0)
    ends_when_done: bool = False  # with the last goal, instead of after the whole duration
    settle_s: float = Field(3.0, ge=0.0)
    criteria: Criteria
    beside: tuple[Beside, ...] = ()

    @model_validator(mode="after")
    def _one_task(self) -> "Scenario":
        if bool(self.goals) == bool(self.protocol):
            raise ValueError("give goals or a protocol")
        return self
