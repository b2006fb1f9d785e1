"""A picture that stands still: the same result again and again under new stamps (hazard 1)."""

from dataclasses import dataclass

import numpy as np

from echopilot_core import Seen

FROZEN_RESULTS = 5


@dataclass(frozen=True)
class PictureWatch:
    """The newest result, how many before it were equal to it, and the stamp of the first of them [ns]."""

    seen: Seen | None = None
    equal: int = 0
    first_ns: int = 0

    def after(self, seen: Seen) -> "PictureWatch":
        """With one more result; the same sequence again changes nothing."""
        if self.seen is not None and seen.sequence == self.seen.sequence:
            return self
        if self.seen is not None and _equal(self.seen, seen):
            return PictureWatch(seen, self.equal + 1, self.first_ns)
        return PictureWatch(seen, 0, seen.stamp_ns)

    @property
    def stamp_ns(self) -> int:
        """When the picture was last new [ns]; needs a result."""
        assert self.seen is not None
        return self.first_ns if self.equal + 1 >= FROZEN_RESULTS else self.seen.stamp_ns


def _equal(a: Seen, b: Seen) -> bool:
    """Equal in every number: live pictures have noise. A result without an outline says nothing."""
    labels_a, labels_b = a.label_map.labels, b.label_map.labels
    return (
        labels_a.size > 1
        and a.quality == b.quality
        and np.array_equal(a.view_probability, b.view_probability)
        and np.array_equal(labels_a, labels_b)
    )
