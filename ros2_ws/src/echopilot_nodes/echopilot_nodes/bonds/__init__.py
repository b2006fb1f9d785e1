"""Bonds: each process holds a local socket that the kernel closes when it ends, and watches those of its peers.

Under lockstep wall time says nothing, and under load every time-out is either slow or false. The end of a process is
seen at once, whatever ended it. Linux only, one host; elsewhere nodes have no bond, and the ages of messages remain.
"""

from echopilot_nodes.bonds.bond import Bond
from echopilot_nodes.bonds.peers import Peers
from echopilot_nodes.bonds.state import ROBOT, BondState, BreakCount

__all__ = ["ROBOT", "Bond", "BondState", "BreakCount", "Peers"]
