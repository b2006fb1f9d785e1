"""A process that dies is known at once, whatever killed it, and is no longer lost when it is back."""

import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from echopilot_nodes.bond import Bonds, address

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's own")

PEER = """
import socket, sys
end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
end.connect(sys.argv[1].encode().decode("unicode_escape"))
end.sendall(b"exam")
print("bound", flush=True)
sys.stdin.read()
"""


def bind(namespace: str) -> "subprocess.Popen[bytes]":
    name = address(namespace).replace("\0", "\\0")
    peer = subprocess.Popen([sys.executable, "-c", PEER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert peer.stdout is not None and peer.stdout.readline() == b"bound\n"
    return peer


def test_a_killed_process_is_lost_until_it_is_back() -> None:
    namespace = f"/test_bond_{time.monotonic_ns()}"
    complaints: list[str] = []
    bonds = Bonds(namespace, complaints.append)
    first = bind(namespace)
    assert bonds.lost() == ()
    first.kill()
    first.wait()
    assert bonds.lost() == ("exam",) == bonds.lost()
    second = bind(namespace)
    assert bonds.lost() == ()
    second.communicate(b"")  # ends by itself: gone all the same
    assert bonds.lost() == ("exam",)
    assert not complaints
    bonds.close()


def test_a_second_safety_in_the_same_domain_says_so() -> None:
    namespace = f"/test_bond_{time.monotonic_ns()}"
    complaints: list[str] = []
    first, second = Bonds(namespace, complaints.append), Bonds(namespace, complaints.append)
    assert len(complaints) == 1 and "another safety" in complaints[0]
    assert second.lost() == ()
    first.close()
    second.close()
