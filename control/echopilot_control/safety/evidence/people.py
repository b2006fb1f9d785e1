"""Judges of who speaks: publishers, processes of the exam, operator and enabling device."""

from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.reasons import Reason

STREAMS = ("robot state", "robot description", "skin", "landmarks", "goal")
"""What safety takes from a topic beside commands; each has one publisher."""

ONE_EACH = dict.fromkeys(STREAMS, 1)
"""The count where one program calls safety itself."""


def judge_latches(tick: SafetyTick) -> list[Reason]:
    """Nothing to judge anew: an unreadable record is latched by whoever read it (`latches.latches_from_json`)."""
    return []


def judge_publishers(tick: SafetyTick) -> list[Reason]:
    """One publisher for each stream that safety takes; that of commands is counted by `commanders`."""
    publishers = tick.inputs.publishers
    if publishers is None or not all(stream in publishers for stream in STREAMS):
        return [Reason.SOURCES_UNCOUNTED]
    return [Reason.SECOND_SOURCE] if any(count > 1 for count in publishers.values()) else []


def judge_peers(tick: SafetyTick) -> list[Reason]:
    """Somebody watches the processes of the exam; what follows when one dies is the protection's."""
    return [Reason.PEERS_UNWATCHED] if tick.inputs.lost_nodes is None else []


def judge_enabling_device(tick: SafetyTick) -> list[Reason]:
    """Pressed, where one is fitted; a silent one counts as released, and the caller says so."""
    return [Reason.ENABLE_RELEASED] if tick.inputs.enabled is False else []


def guard_operator(tick: SafetyTick) -> list[Reason]:
    """STOP."""
    return [Reason.OPERATOR_STOP] if tick.inputs.operator_stop else []
