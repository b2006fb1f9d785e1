"""Joints and links out of a URDF: the chain from `base` to `probe`, and numbers checked."""

from dataclasses import dataclass
from math import cos, sin
from xml.etree.ElementTree import Element

import numpy as np

from echopilot_control.kinematics.joint_limits import joints_of
from echopilot_core import Array
from echopilot_core.guarded.bounded import InputFileError, one_line
from echopilot_core.se3 import inverse

BASE, PROBE = "base", "probe"  # the frames of `T_base_probe`
LARGEST = 100.0  # of a number [m, rad, kg, kg m^2, N m]
FIXED, SLIDING, TURNING = "fixed", "prismatic", ("revolute", "continuous")


@dataclass(frozen=True, eq=False)
class Joint:
    """One joint: links at its ends, fixed transform (4, 4) between them, axis (3,), kind, friction and damping."""

    parent: str
    child: str
    T_parent_joint: Array
    axis: Array
    kind: str
    friction: float
    damping: float


def read_joints(urdf: str) -> tuple[tuple[Joint, ...], tuple[Joint, ...]]:
    """All joints, and those from link `base`, or the root where there is none, to link `probe`, in order.

    ValueError for what is no URDF, for numbers that are none, and where a joint moves that is not between the two.
    """
    joints = tuple(_joint(element) for element in joints_of(urdf))
    by_child = {joint.child: joint for joint in joints}
    chain: list[Joint] = []
    link = PROBE
    while link in by_child and link != BASE and len(chain) <= len(by_child):
        chain.append(by_child[link])
        link = by_child[link].parent
    moving = [joint for joint in joints if joint.kind != FIXED]
    if not moving or not all(joint in chain for joint in moving):
        raise InputFileError(f"robot_description needs one chain with all moving joints, from '{BASE}' to '{PROBE}'")
    return joints, tuple(reversed(chain))


def fixed_pose(urdf: str, link: str) -> Array:
    """`T_probe_link` (4, 4) of a link that is fixed to the probe; ValueError, naming those there are, for any other."""
    joints, _ = read_joints(urdf)
    above, below = {joint.child: joint for joint in joints}, {PROBE: np.eye(4)}
    root = PROBE
    while root in above and above[root].kind == FIXED:
        joint = above[root]
        below[joint.parent] = below[root] @ inverse(joint.T_parent_joint)
        root = joint.parent
    left = list(below)
    while left:
        parent = left.pop()
        for joint in joints:
            if joint.kind == FIXED and joint.parent == parent and joint.child not in below:
                below[joint.child] = below[parent] @ joint.T_parent_joint
                left.append(joint.child)
    if link not in below:
        raise InputFileError(
            f"robot_description: link '{one_line(link, 40)}' is not fixed to '{PROBE}'; choose from: "
            + ", ".join(sorted(below))
        )
    return below[link]


def numbers(text: str) -> Array:
    """Three finite numbers (3,) out of a text; ValueError for any other."""
    try:
        values = np.array([float(n) for n in text.split()])
    except ValueError:
        values = np.zeros(0)
    if values.shape != (3,) or not bool((np.abs(values) <= LARGEST).all()):
        raise InputFileError(f"robot_description: '{one_line(text, 60)}' is not three numbers up to {LARGEST:g}")
    return values


def number(element: Element | None, key: str) -> float:
    """A number out of an attribute, 0 where it is missing; ValueError for any other text."""
    text = "0" if element is None else element.get(key, "0")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= LARGEST:
        raise InputFileError(
            f"robot_description: {key} is '{one_line(text, 40)}'; it must be a number up to {LARGEST:g}"
        )
    return value


def rotation_rpy(text: str) -> Array:
    """Rotation (3, 3) of the three angles [rad] of a URDF."""
    roll, pitch, yaw = numbers(text).tolist()
    (sr, cr), (sp, cp), (sy, cy) = ((sin(angle), cos(angle)) for angle in (roll, pitch, yaw))
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def _joint(element: Element) -> Joint:
    origin, axis, losses = element.find("origin"), element.find("axis"), element.find("dynamics")
    T = np.eye(4)
    if origin is not None:
        T[:3, :3] = rotation_rpy(origin.get("rpy", "0 0 0"))
        T[:3, 3] = numbers(origin.get("xyz", "0 0 0"))
    direction = numbers("1 0 0" if axis is None else axis.get("xyz", "1 0 0"))
    length = float(np.linalg.norm(direction))
    if length < 1e-6:
        raise InputFileError(f"robot_description: joint {one_line(element.get('name'), 40)} has an axis without length")
    return Joint(
        _link(element, "parent"),
        _link(element, "child"),
        T,
        direction / length,
        element.get("type", ""),
        number(losses, "friction"),
        number(losses, "damping"),
    )


def _link(joint: Element, which: str) -> str:
    element = joint.find(which)
    return "" if element is None else element.get("link", "")
