"""An exam whose model lacks what a step needs says so and ends before the probe touches the patient."""

from dataclasses import replace

import numpy as np
import pytest
from exam_world import World

from echopilot_core import HeadName, PerceptionResult
from echopilot_exam.machine.machine import ExamMachine, ExamOutput, ExamPhase
from echopilot_exam.machine.needed_heads import OF_GATES, OF_SEARCH
from echopilot_exam.protocol.protocol import load_protocol


class PartOfAModel(World):
    """The usual world, seen by a model with some heads alone."""

    heads: frozenset[HeadName] = frozenset(HeadName)

    def _result(self, sequence: int, stamp_ns: int) -> PerceptionResult:
        whole = super()._result(sequence, stamp_ns)
        quality = whole.quality if HeadName.QUALITY in self.heads else float("nan")
        return replace(whole, heads=self.heads, model_id="part", quality=quality)


def run(heads: frozenset[HeadName], protocol: str = "full") -> tuple[list[ExamOutput], PartOfAModel]:
    world = PartOfAModel(ExamMachine(load_protocol(protocol), "P-test"))
    world.heads = heads
    return world.run(), world


def test_a_segmentation_alone_ends_the_exam_before_contact_and_all_that_is_missing_is_named() -> None:
    outputs, world = run(frozenset({HeadName.SEGMENTATION}))
    last = outputs[-1].state
    assert last.phase is ExamPhase.ABORTED and not last.results
    assert "model part has no view, quality, coupling, ood, guidance" in last.message and "\n" not in last.message
    assert world.force_n == 0.0 and world.now_ns < 2e9 and np.isfinite(world.now_ns)


@pytest.mark.parametrize("missing", [*OF_GATES, *OF_SEARCH])
def test_each_head_that_a_step_needs_is_missed(missing: HeadName) -> None:
    outputs, _ = run(frozenset(HeadName) - {missing})
    assert outputs[-1].state.phase is ExamPhase.ABORTED
    assert f"has no {missing.value}:" in outputs[-1].state.message


@pytest.mark.parametrize("missing", sorted(set(HeadName) - {*OF_GATES, *OF_SEARCH}, key=lambda head: head.value))
def test_no_other_head_is_missed(missing: HeadName) -> None:
    outputs, _ = run(frozenset(HeadName) - {missing})
    assert outputs[-1].state.phase is ExamPhase.DONE
