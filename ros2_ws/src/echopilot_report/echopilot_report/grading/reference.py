"""Reference sets, validated strictly on construction."""

from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from echopilot_core import CaliperConvention, CardiacPhase, MeasurementName


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SizeClass(_Strict):
    """Values in [low, high), in the set's unit; None is open. Words are codes of the text file."""

    name: str = Field(min_length=1)
    low: Decimal | None
    high: Decimal | None
    follow_up: str = Field(min_length=1)
    suspected: bool  # whether the class is a suspicion, or within usual limits
    notes: tuple[str, ...] = ()

    def holds(self, value: Decimal) -> bool:
        """Whether the value lies in [low, high)."""
        return (self.low is None or value >= self.low) and (self.high is None or value < self.high)


class Trust(_Strict):
    """Trust in the numbers: kind of source, and how it was consulted."""

    kind: Literal["guideline", "study", "textbook", "engineering choice"]
    seen: Literal["original", "extract", "quoted"]
    note: str = ""


class Margin(_Strict):
    """Distance from a border, ends included and in the set's unit, within which a value is borderline."""

    margin: Decimal = Field(gt=0)
    source: str = Field(min_length=1)


class ZScore(_Strict):
    """Predicted diameter [cm] = intercept + per_year age + per_m2 BSA + per_sex code; z = difference / see."""

    intercept_cm: float
    per_year_cm: float
    per_m2_cm: float
    per_sex_cm: float
    sex_code: dict[str, float]  # "men", "women"
    see_cm: float = Field(gt=0)
    min_age_years: float


class ReferenceSet(_Strict):
    """One published table: the measurements it grades, their caliper convention, and its classes by sex."""

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    quantity: str = Field(min_length=1)
    measurements: dict[MeasurementName, tuple[str, ...]] = Field(min_length=1)  # name and the notes that go with it
    source: str = Field(min_length=1)
    trust: Trust
    convention: CaliperConvention
    phase: CardiacPhase = CardiacPhase.UNSPECIFIED
    unit: Literal["mm", "%", "mL", "mL/m2", "z"]
    precision: Decimal = Field(gt=0)
    borderline: Margin | None
    z_score: ZScore | None = None
    classes: dict[str, tuple[SizeClass, ...]]  # "all", or "men" and "women"

    @property
    def decimals(self) -> int:
        """Decimals of the precision."""
        return max(-int(self.precision.normalize().as_tuple().exponent), 0)

    @field_validator("convention", "phase", mode="before")
    @classmethod
    def _by_name(cls, raw: object, info: ValidationInfo) -> object:
        kind = CaliperConvention if info.field_name == "convention" else CardiacPhase
        valid = {member.name.lower(): member for member in kind}
        if raw not in valid:
            raise ValueError(f"is '{raw}'; choose one of {', '.join(valid)}")
        return valid[str(raw)]

    @model_validator(mode="after")
    def _whole(self) -> "ReferenceSet":
        if set(self.classes) not in ({"all"}, {"men", "women"}):
            raise ValueError("classes needs either 'all' or 'men' and 'women'")
        for key, table in self.classes.items():
            _check_table(f"classes.{key}", table, self.precision)
        if len({(table[0].low, table[-1].high) for table in self.classes.values()}) != 1:
            raise ValueError("classes of men and women cover different ranges")
        if (self.unit == "z") != (self.z_score is not None):
            raise ValueError("unit 'z' and the section 'z_score' go together")
        if self.z_score is not None and set(self.z_score.sex_code) != {"men", "women"}:
            raise ValueError("z_score.sex_code needs 'men' and 'women'")
        return self


def _is_multiple(border: Decimal, precision: Decimal) -> bool:
    try:
        return border % precision == 0
    except InvalidOperation:  # more digits than any border has
        return False


def _check_table(where: str, table: tuple[SizeClass, ...], precision: Decimal) -> None:
    if not table:
        raise ValueError(f"{where} is empty")
    if len({row.name for row in table}) != len(table):
        raise ValueError(f"{where} names a class twice")
    for row in table:
        if row.low is not None and row.high is not None and not row.low < row.high:
            raise ValueError(f"{where}.{row.name} is empty: low {row.low}, high {row.high}")
        for border in (row.low, row.high):
            if border is not None and not _is_multiple(border, precision):
                raise ValueError(f"{where}.{row.name}: {border} is no multiple of the precision {precision}")
    for below, above in pairwise(table):
        if below.high is None or above.low is None:
            raise ValueError(f"{where}: only the first class may be open below and the last above")
        if below.high != above.low:
            fault = "gap" if below.high < above.low else "overlap"
            raise ValueError(f"{where}: {fault} between {below.name} to {below.high} and {above.name} from {above.low}")
