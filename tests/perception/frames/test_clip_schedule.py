"""A clip is paced by its own frame times; lossless replay waits, paced replay drops what is late."""

from echopilot_perception.frames.clip_schedule import ClipSchedule


def drain(
    schedule: ClipSchedule, until_ms: int, answer: bool, every_ms: int = 1, from_ms: int = 0
) -> list[tuple[int, int]]:
    sent = []
    for ms in range(from_ms, until_ms, every_ms):
        slot = schedule.due(ms * 1_000_000)
        if slot is not None:
            sent.append((slot.sequence, ms))
            if answer:
                schedule.answered(slot.sequence)
    return sent


OFFSETS = [0, 33_000_000, 70_000_000, 100_000_000]  # the clip's own, uneven times


def test_a_clip_is_paced_by_its_own_frame_times_and_the_rate() -> None:
    slow = ClipSchedule(OFFSETS, 33_000_000, 0, 1.0, False, False)
    assert drain(slow, 300, True) == [(0, 0), (1, 33), (2, 70), (3, 100)]
    assert slow.is_over()
    fast = ClipSchedule(OFFSETS, 33_000_000, 0, 2.0, False, False)
    assert drain(fast, 300, True) == [(0, 0), (1, 17), (2, 35), (3, 50)]


def test_lossless_waits_for_every_answer_and_drops_nothing() -> None:
    schedule = ClipSchedule(OFFSETS, 33_000_000, 0, 1.0, True, False)
    assert drain(schedule, 500, False) == [(0, 0)]
    assert not schedule.is_over()
    schedule.answered(0)
    assert drain(schedule, 1000, True, from_ms=500) == [(1, 500), (2, 537), (3, 567)]
    assert schedule.is_over()
    assert schedule.dropped == 0


def test_late_frames_are_dropped_and_counted_and_leave_a_gap() -> None:
    schedule = ClipSchedule([i * 10_000_000 for i in range(20)], 10_000_000, 0, 1.0, False, False)
    sent = [s for s, _ in drain(schedule, 400, False, every_ms=50)]
    assert schedule.sent + schedule.dropped == 20
    assert schedule.dropped > 0
    assert sent == sorted(set(sent))


def test_a_loop_goes_on_with_sequence_and_time() -> None:
    schedule = ClipSchedule([0, 10], 10, 0, 1.0, False, True)
    slots = [schedule.due(t) for t in range(0, 60, 10)]
    assert [(s.index, s.sequence, s.offset_ns) for s in slots if s] == [(i % 2, i, 10 * i) for i in range(6)]
