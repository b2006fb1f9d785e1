"""Every fault of a driver's clock is named with what was expected and what came; delays of a network are none."""

import numpy as np
import pytest

from echopilot_robot.bridge.driver_clock import OFFSET_NS, STABLE_NS, DriverClock
from echopilot_robot.bridge.faults import ArmFault, ArmFaultKind

MS = 1_000_000
ROS_NS = 1_796_000_000_000_000_000  # ROS time minus the steady clock
PERIOD_NS, LATENCY_NS = 2 * MS, 300_000


class Driver:
    """Samples every 2 ms, heard 0.3 ms later; `shift_ns` is how far its clock is ahead of ours."""

    def __init__(self, shift_ns: int = 0, own: bool = False) -> None:
        self.clock = DriverClock("the driver", ROS_NS, own)
        self.now_ns, self.shift_ns = 10**12, shift_ns
        self.stamp = lambda ns: ROS_NS + ns + self.shift_ns
        self.delay_ns = lambda: LATENCY_NS
        self.errors_ns: list[int] = []

    def run(self, seconds: float) -> "list[ArmFault]":
        """Faults of so many seconds, each kind once, in order."""
        found: dict[ArmFaultKind, ArmFault] = {}
        for _ in range(round(seconds * 1e9 / PERIOD_NS)):
            self.now_ns += PERIOD_NS
            ours_ns = self.clock.take(self.stamp(self.now_ns), self.now_ns + self.delay_ns())
            self.errors_ns.append(ours_ns - (ROS_NS + self.now_ns))
            if self.clock.fault is not None:
                found.setdefault(self.clock.fault.kind, self.clock.fault)
        return list(found.values())


def kinds(faults: "list[ArmFault]") -> "list[ArmFaultKind]":
    return [fault.kind for fault in faults]


def test_a_driver_with_our_clock_has_no_fault_and_keeps_its_stamps() -> None:
    driver = Driver()
    assert driver.run(12.0) == []
    assert set(driver.errors_ns) == {0}


def test_delays_and_a_queue_that_empties_are_no_fault() -> None:
    driver, rng = Driver(), np.random.default_rng(1)
    driver.delay_ns = lambda: int(rng.exponential(3 * MS))
    stall_ns = driver.now_ns + 5_000 * MS
    random_ns = driver.delay_ns

    def delay_ns() -> int:
        return random_ns() + max(0, 400 * MS - (driver.now_ns - stall_ns)) * (driver.now_ns > stall_ns)

    driver.delay_ns = delay_ns  # 0.4 s late, and caught up in as long a time
    assert driver.run(12.0) == []


@pytest.mark.parametrize("ahead", [True, False])
def test_a_second_host_that_is_5_ms_off_is_named(ahead: bool) -> None:
    driver = Driver(5 * MS if ahead else -5 * MS)
    faults = driver.run(3.0)
    assert kinds(faults) == [ArmFaultKind.CLOCK_OFFSET]
    assert ("4.7 ms ahead of ours" if ahead else "5.3 ms behind ours") in faults[0].text
    assert "expected: at most 4 ms" in faults[0].text


def test_half_of_that_is_none() -> None:
    assert Driver(OFFSET_NS // 2).run(3.0) == []


def test_a_busy_machine_is_no_fault_and_a_clock_that_drifts_away_is() -> None:
    driver = Driver()
    assert driver.run(2.0) == []
    driver.delay_ns = lambda: 15 * MS  # of every message, for longer than the offset is remembered
    driver.errors_ns.clear()
    assert driver.run(15.0) == []
    assert set(driver.errors_ns) == {0}  # what is late stays late
    driver.shift_ns -= 12 * MS
    assert kinds(driver.run(15.0)) == [ArmFaultKind.CLOCK_OFFSET]


def test_a_driver_of_another_epoch_is_named_at_once() -> None:
    driver = Driver()
    driver.stamp = lambda ns: ns  # time since the start of its machine
    faults = driver.run(0.01)
    assert kinds(faults) == [ArmFaultKind.CLOCK_EPOCH]
    assert "behind ours; expected: ROS time, or driver_clock: own" in faults[0].text
    assert max(map(abs, driver.errors_ns)) <= LATENCY_NS


def test_a_driver_may_have_a_clock_of_its_own_where_that_is_said() -> None:
    driver = Driver(own=True)
    driver.stamp = lambda ns: ns
    assert driver.run(12.0) == []
    assert max(map(abs, driver.errors_ns)) <= LATENCY_NS


def test_stamps_of_zero_are_named_and_count_as_heard() -> None:
    driver = Driver()
    driver.stamp = lambda ns: 0
    faults = driver.run(0.01)
    assert kinds(faults) == [ArmFaultKind.STAMPS_ZERO] and "expected: the time of the measurement" in faults[0].text
    assert set(driver.errors_ns) == {LATENCY_NS}


def test_stamps_that_stand_are_named_within_50_ms() -> None:
    driver = Driver()
    driver.run(1.0)
    last_ns = driver.stamp(driver.now_ns)
    driver.stamp = lambda ns: last_ns
    assert driver.run(0.03) == []
    faults = driver.run(0.02)
    assert kinds(faults) == [ArmFaultKind.STAMPS_STAND] and "expected: a later stamp" in faults[0].text


@pytest.mark.parametrize("step_s", [2.0, -2.0, 0.1, -0.1])
def test_a_step_of_the_drivers_clock_is_named_at_once_and_passes(step_s: float) -> None:
    driver = Driver()
    driver.run(6.0)
    driver.shift_ns = round(step_s * 1e9)
    faults = driver.run(0.002)
    assert kinds(faults) == [ArmFaultKind.CLOCK_STEP]
    assert f"it moved by {step_s:+.3g} s; expected: less than 50 ms" in faults[0].text
    assert kinds(driver.run(0.9)) == [ArmFaultKind.CLOCK_STEP]
    driver.run(1e-9 * STABLE_NS - 0.8)
    driver.errors_ns.clear()
    assert driver.run(3.0) == []
    assert max(map(abs, driver.errors_ns)) <= LATENCY_NS  # its stamps are moved, so ages stay right


@pytest.mark.parametrize("step_s", [2.0, -2.0])
def test_a_step_of_the_wall_clock_has_its_own_name(step_s: float) -> None:
    driver = Driver()
    for _ in range(3):
        driver.clock.watch_wall(ROS_NS, driver.now_ns)
        driver.run(1.0)
    driver.clock.watch_wall(ROS_NS + round(step_s * 1e9), driver.now_ns)
    driver.shift_ns = round(step_s * 1e9)
    faults = driver.run(0.1)
    assert kinds(faults) == [ArmFaultKind.WALL_CLOCK_STEP]
    assert f"it moved by {step_s:+.3g} s" in faults[0].text


def test_a_slow_adjustment_of_the_wall_clock_is_none() -> None:
    driver = Driver()
    for second in range(5):
        driver.clock.watch_wall(ROS_NS + second * 500_000, driver.now_ns)
        assert driver.run(1.0) == []
