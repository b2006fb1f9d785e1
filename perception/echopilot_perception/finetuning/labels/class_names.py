"""Classes by color, gray level or name in labels of outlines: `AO_LUMEN=0,128,0`, `LV=1`, `LV=ventricle`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, SegmentationClass
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.heads.base import UNKNOWN_LABEL

UNKNOWN = "unknown"
Color = tuple[int, int, int]
VALID = (*(c.name for c in SegmentationClass), UNKNOWN)


@dataclass(frozen=True)
class ClassNames:
    """Classes by color (R, G, B) and by name; what is in neither is background, and counted in `others`.

    Without any choice a gray level is the number of a class, 255 is unknown, and a name is that of a class.
    """

    colors: Mapping[Color, int] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)

    @property
    def chosen(self) -> bool:
        """Whether a user said what stands for what."""
        return bool(self.colors or self.names)

    def of_mask(self, mask: NDArray[np.uint8], where: str) -> NDArray[np.uint8]:
        """Classes (H, W) of a mask (H, W, 3) in R, G, B; raises EchoPilotError for a color that stands for nothing."""
        found = np.zeros(mask.shape[:2], np.uint8)
        colors, index = np.unique(mask.reshape(-1, 3), axis=0, return_inverse=True)
        values = np.zeros(len(colors), np.uint8)
        for i, color in enumerate(map(tuple, colors.tolist())):
            values[i] = self._of_color(color, where)
        found[:] = values[index.reshape(found.shape)]
        return found

    def of_name(self, name: str, where: str) -> int:
        """Class of a category; raises EchoPilotError for one that stands for nothing."""
        if name in self.names:
            return self.names[name]
        if self.chosen:
            return self._other(name)
        if name in SegmentationClass.__members__:
            return int(SegmentationClass[name])
        raise EchoPilotError(
            f"{where}: category {one_line(name, 40)} is none of our classes; say what it is with --class "
            f"CLASS={one_line(name, 40)}, where CLASS is one of {', '.join(VALID)}"
        )

    def _of_color(self, color: Color, where: str) -> int:
        if color in self.colors:
            return self.colors[color]
        if self.chosen:
            return int(SegmentationClass.BACKGROUND) if color == (0, 0, 0) else self._other(",".join(map(str, color)))
        level = color[0]
        if color == (level, level, level) and level in (*SegmentationClass, UNKNOWN_LABEL):
            return level
        raise EchoPilotError(
            f"{where}: the mask holds {','.join(map(str, color))}, which is no number of a class; say what it is with "
            f"--class CLASS={','.join(map(str, color))}, where CLASS is one of {', '.join(VALID)}"
        )

    def _other(self, name: str) -> int:
        self.others[name] = self.others.get(name, 0) + 1
        return int(SegmentationClass.BACKGROUND)


def parse_class_names(given: Iterable[str]) -> ClassNames:
    """Choices as on the command line; raises EchoPilotError for one that cannot be meant."""
    colors: dict[Color, int] = {}
    names: dict[str, int] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not value.strip() or name.strip() not in VALID:
            raise EchoPilotError(
                f"--class {one_line(text, 60)!r} must be CLASS=VALUE with a gray level, a color R,G,B or the name of a "
                f"category; CLASS is one of {', '.join(VALID)}"
            )
        number = UNKNOWN_LABEL if name.strip() == UNKNOWN else int(SegmentationClass[name.strip()])
        levels = [part.strip() for part in value.split(",")]
        if all(level.isdecimal() and int(level) < 256 for level in levels) and len(levels) in (1, 3):
            r, g, b = (int(level) for level in (levels * 3 if len(levels) == 1 else levels))
            colors[r, g, b] = number
        else:
            names[value.strip()] = number
    return ClassNames(colors, names)
