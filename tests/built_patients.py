"""Virtual patients that several tests look at: each is built once per run, and no test changes one."""

from functools import cache
from pathlib import Path

from echopilot_sim.anatomy import Anatomy, build, sample_patient
from echopilot_sim.anatomy.ct import load

CT_FOLDER = Path(__file__).parents[2] / "shared/data/anatomy"


@cache
def drawn(seed: int) -> Anatomy:
    """The patient drawn from a seed."""
    return build(sample_patient(seed))


@cache
def from_ct(name: str) -> Anatomy:
    """The patient of a folder of the shared CTs; tests skip where `CT_FOLDER` is absent."""
    return load(CT_FOLDER / name)
