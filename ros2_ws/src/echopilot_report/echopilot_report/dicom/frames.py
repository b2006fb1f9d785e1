"""Where the picture of each exam frame lies in the objects: the way from a number back to its picture."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from echopilot_report.dicom.clips import Still


@dataclass(frozen=True)
class Place:
    """One exam frame in an image object; `number` counts from 1 in a clip and is None in a single picture."""

    still: Still
    sop_class: str
    sop_uid: str
    number: int | None


def places_of(images: Iterable[tuple[Dataset, tuple[Still, ...]]]) -> dict[int, Place]:
    """Place by exam frame; a single picture wins over a clip."""
    places: dict[int, Place] = {}
    for data, stills in images:
        several = len(stills) > 1
        for number, still in enumerate(stills, 1):
            place = Place(still, str(data.SOPClassUID), str(data.SOPInstanceUID), number if several else None)
            if not several or still.sequence not in places:
                places[still.sequence] = place
    return places
