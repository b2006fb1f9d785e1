"""A node that runs leaves what it was made of out of garbage collections, and nothing else."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from echopilot_nodes.graph.process import freeze_heap


class _Ring:
    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_alive_is_not_looked_through_again() -> None:
    freeze_heap()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 1_000


def test_rings_made_before_and_after_are_collected() -> None:
    before = weakref.ref(_Ring())
    freeze_heap()
    assert before() is None
    after = weakref.ref(_Ring())
    gc.collect()
    assert after() is None
