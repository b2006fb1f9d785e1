"""Headers of ultrasound images of other manufacturers, filtered by `deid` with the rules of foreign.deid."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

RULES = Path(__file__).parent / "foreign.deid"
REGION = frozenset(
    {
        "RegionSpatialFormat",
        "RegionDataType",
        "RegionFlags",
        "RegionLocationMinX0",
        "RegionLocationMinY0",
        "RegionLocationMaxX1",
        "RegionLocationMaxY1",
        "ReferencePixelX0",
        "ReferencePixelY0",
        "ReferencePixelPhysicalValueX",
        "ReferencePixelPhysicalValueY",
        "PhysicalUnitsXDirection",
        "PhysicalUnitsYDirection",
        "PhysicalDeltaX",
        "PhysicalDeltaY",
        "TransducerFrequency",
    }
)
"""Numbers of a region."""


@lru_cache(maxsize=1)
def _recipe() -> Any:
    from deid.config import DeidRecipe
    from deid.logger import bot

    bot.errorStream = bot.outputStream = io.StringIO()  # it would print file names and values
    return DeidRecipe(str(RULES))


def foreign_keywords() -> frozenset[str]:
    """Keywords that the rules keep, and those of a region."""
    return frozenset(action["field"] for action in _recipe().get_actions(action="KEEP")) | REGION


def apply_rules(data: Dataset) -> Dataset:
    """The data set after `deid` has removed what the rules do not keep."""
    from deid.dicom import replace_identifiers

    cleaned: list[Dataset] = replace_identifiers(
        dicom_files=[data], deid=_recipe(), save=False, remove_private=True, strip_sequences=False
    )
    return cleaned[0]
