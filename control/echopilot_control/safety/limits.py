"""Limits table: one frozen model that an operator can only lower."""

from math import radians

from pydantic import BaseModel, ConfigDict, Field

from echopilot_core import EchoPilotError, Preset


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PresetLimits(_Frozen):
    """Force limits [N] of one preset; each field's bound is its design value."""

    setpoint_n: float = Field(gt=0.0)
    setpoint_max_n: float = Field(gt=0.0)
    soft_cap_n: float = Field(gt=0.0)


DESIGN_LIMITS: dict[str, PresetLimits] = {
    Preset.CARDIAC: PresetLimits(setpoint_n=5.0, setpoint_max_n=8.0, soft_cap_n=12.0),
    Preset.ABDOMEN: PresetLimits(setpoint_n=8.0, setpoint_max_n=12.0, soft_cap_n=15.0),
}


class Limits(_Frozen):
    """Limits in force; every default is also the largest value that validates (ages: the longest)."""

    cardiac: PresetLimits = DESIGN_LIMITS[Preset.CARDIAC]
    abdomen: PresetLimits = DESIGN_LIMITS[Preset.ABDOMEN]
    trip_force_n: float = Field(18.0, gt=0.0, le=18.0)
    force_rate_n_s: float = Field(200.0, gt=0.0, le=200.0)
    approach_m_s: float = Field(0.010, gt=0.0, le=0.010)
    touch_force_n: float = Field(2.0, gt=0.0, le=2.0)
    ramp_n_s: float = Field(5.0, gt=0.0, le=5.0)
    normal_contact_m_s: float = Field(0.020, gt=0.0, le=0.020)
    lateral_contact_m_s: float = Field(0.020, gt=0.0, le=0.020)
    angular_rad_s: float = Field(radians(30.0), gt=0.0, le=radians(30.0))
    free_m_s: float = Field(0.100, gt=0.0, le=0.100)
    retract_m: float = Field(0.030, gt=0.0, le=0.030)
    retract_m_s: float = Field(0.020, gt=0.0, le=0.020)
    command_valid_s: float = Field(0.050, gt=0.0, le=0.050)
    future_s: float = Field(0.020, gt=0.0, le=0.020)
    robot_age_s: float = Field(0.030, gt=0.0, le=0.030)
    image_age_s: float = Field(0.150, gt=0.0, le=0.150)
    image_lost_s: float = Field(1.0, gt=0.0, le=1.0)

    def model_post_init(self, _context: object) -> None:
        for name, design in DESIGN_LIMITS.items():
            ours: PresetLimits = getattr(self, name)
            for key in PresetLimits.model_fields:
                if getattr(ours, key) > getattr(design, key):
                    raise ValueError(f"{name}.{key} is {getattr(ours, key)}, but may be at most {getattr(design, key)}")
            if not ours.setpoint_n <= ours.setpoint_max_n < ours.soft_cap_n < self.trip_force_n:
                raise ValueError(f"{name}: set-point <= its maximum < soft cap < trip force does not hold")

    def preset_limits(self, preset: str) -> PresetLimits:
        """Limits of a preset; raises EchoPilotError for an unknown one."""
        if preset not in DESIGN_LIMITS:
            raise EchoPilotError(f"unknown preset '{preset}'; valid: {', '.join(DESIGN_LIMITS)}")
        chosen: PresetLimits = getattr(self, preset)
        return chosen

    def lowered(self, setpoint_max_n: float) -> "Limits":
        """The same limits with every force set-point [N] at most `setpoint_max_n`."""
        rows = {}
        for name in DESIGN_LIMITS:
            ours = self.preset_limits(name)
            most_n = min(ours.setpoint_max_n, setpoint_max_n)
            rows[name] = PresetLimits(
                setpoint_n=min(ours.setpoint_n, most_n), setpoint_max_n=most_n, soft_cap_n=ours.soft_cap_n
            )
        return Limits.model_validate(self.model_dump() | rows)

    def strictest_limits(self) -> PresetLimits:
        """Limits that hold while no preset is known."""
        return min((self.cardiac, self.abdomen), key=lambda limits: limits.soft_cap_n)
