"""Disturbances of a scenario, with kind, time and size; `disturbance_injector.py` applies them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Vector = tuple[float, float, float]
Share = Annotated[float, Field(gt=0.0, le=1.0)]


class Strict(BaseModel):
    """Frozen, every key known, every number finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Timed(Strict):
    """From `from_s` to `to_s` (left out: to the end), counted from the first contact or from the start."""

    from_s: float = Field(0.0, ge=0.0)
    to_s: float | None = None
    since: Literal["contact", "start"] = "contact"


class DropFrames(Timed):
    """Results of images get lost, each with this probability; 1 loses all."""

    kind: Literal["drop_frames"]
    share: Share = 1.0


class DelayFrames(Timed):
    """Results come later than the image latency by a random time up to this much; order is kept."""

    kind: Literal["delay_frames"]
    up_to_ms: float = Field(gt=0.0)


class Restamp(Timed):
    """Results carry the time of their arrival, as from a scanner without acquisition stamps: no delay is known."""

    kind: Literal["restamp"]


class Gain(Timed):
    """The scanner's overall gain is off."""

    kind: Literal["gain"]
    db: float


class Gel(Timed):
    """The film of gel on the face is suddenly this thick."""

    kind: Literal["gel"]
    mm: float = Field(ge=0.0)


class Shift(Timed):
    """The patient moves within half a second, for good; millimeters in base (z up)."""

    kind: Literal["shift"]
    mm: Vector


class Sway(Timed):
    """The patient swings sinusoidally by this vector, peak to peak, away and back; millimeters in patient (LPS)."""

    kind: Literal["sway"]
    mm: Vector
    hz: float = Field(gt=0.0)


class ForceBias(Timed):
    """The force sensor reads so much more pressing force than there is (negative: less)."""

    kind: Literal["force_bias"]
    n: float


class ForceNoise(Timed):
    """White noise on top of the sensor's own, on all three forces, per control tick."""

    kind: Literal["force_noise"]
    sigma_n: float = Field(gt=0.0)


class DropCommands(Timed):
    """Commands on their way to the arm get lost, each with this probability."""

    kind: Literal["drop_commands"]
    share: Share = 1.0


class SlowArm(Timed):
    """The arm follows commands through one more first-order lag."""

    kind: Literal["slow_arm"]
    lag_ms: float = Field(gt=0.0)


class SurfaceError(Timed):
    """The depth camera sees the skin moved along the vertical, and noisier (standard deviation per point)."""

    kind: Literal["surface_error"]
    lift_mm: float = 0.0
    sigma_mm: float = Field(0.0, ge=0.0)


class LandmarkError(Timed):
    """The operator pointed this much beside all landmarks; millimeters in patient (LPS)."""

    kind: Literal["landmark_error"]
    mm: Vector


class Setpoint(Timed):
    """The exam asks for another force within the same goal."""

    kind: Literal["setpoint"]
    n: float = Field(gt=0.0)


class StopButton(Timed):
    """The operator holds down the stop of the safety process."""

    kind: Literal["stop_button"]


class Request(Timed):
    """The operator asks the exam, once."""

    kind: Literal["request"]
    what: Literal["stop", "resume", "skip"]


class FalseFinding(Timed):
    """The network sees something with this score that is not there."""

    kind: Literal["false_finding"]
    finding: Literal["THROMBUS", "DISSECTION_FLAP"]
    score: Share = 0.95


class WrongCaliper(Timed):
    """The calipers of the aorta stand too far apart by this factor (below 1: too near)."""

    kind: Literal["wrong_caliper"]
    factor: float = Field(gt=0.5, lt=2.0)


Disturbance = Annotated[
    DropFrames
    | DelayFrames
    | Restamp
    | Gain
    | Gel
    | Shift
    | Sway
    | ForceBias
    | ForceNoise
    | DropCommands
    | SlowArm
    | SurfaceError
    | LandmarkError
    | Setpoint
    | StopButton
    | Request
    | FalseFinding
    | WrongCaliper,
    Field(discriminator="kind"),
]
