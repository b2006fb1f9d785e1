"""Participants of the graph stay off shared memory, within the reach that was asked for."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from echopilot_nodes.graph.context import PEERS, PROFILES, RANGE, TRANSPORTS, use_udp

LOOK = """
import os
import rclpy
from echopilot_nodes.graph.context import init
init()
node = rclpy.create_node("looked_at")
print(sum("/dev/shm/fastrtps" in line for line in open("/proc/self/maps")))
links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
ours = {os.readlink(link) for link in links if os.path.islink(link)}
for line in open("/proc/self/net/udp").readlines()[1:]:
    fields = line.split()
    if f"socket:[{fields[9]}]" in ours:
        print(fields[1].split(":")[0])
"""
LOOPBACK = "0100007F"


def participant(**environment: str) -> list[str]:
    """Mappings of shared memory, then the local addresses of its UDP sockets, of a process that joins a domain."""
    names = (PROFILES, TRANSPORTS, RANGE, PEERS)
    clean = {name: value for name, value in os.environ.items() if name not in names}
    domain = str(random.SystemRandom().randint(1, 100))
    result = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=clean | {"ROS_DOMAIN_ID": domain} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return result.stdout.split()


def test_within_the_machine_only_sockets_of_the_loopback_are_open() -> None:
    mappings, *addresses = participant(**{RANGE: "LOCALHOST"})
    assert mappings == "0"
    assert addresses and set(addresses) == {LOOPBACK}


@pytest.mark.parametrize("reach", ["", "SUBNET", "SYSTEM_DEFAULT"])
def test_beyond_the_machine_the_built_in_transports_are_udp_alone(reach: str) -> None:
    environment = {RANGE: reach}
    use_udp(environment)
    assert environment == {RANGE: reach, TRANSPORTS: "UDPv4"}


@pytest.mark.parametrize("name", [PROFILES, TRANSPORTS])
def test_transports_chosen_by_the_user_stay(name: str, tmp_path: Path) -> None:
    chosen = {name: str(tmp_path / "own.xml"), RANGE: "LOCALHOST"}
    environment = dict(chosen)
    use_udp(environment)
    assert environment == chosen


def test_peers_that_the_user_names_are_looked_for() -> None:
    environment = {PEERS: "192.0.2.7", RANGE: "SUBNET"}
    use_udp(environment)
    assert environment[PEERS] == "192.0.2.7" and environment[RANGE] == "SUBNET"


def test_what_a_node_starts_inherits_the_same_transport() -> None:
    environment = {RANGE: "LOCALHOST"}
    use_udp(environment)
    again = dict(environment)
    use_udp(again)
    assert again == environment
