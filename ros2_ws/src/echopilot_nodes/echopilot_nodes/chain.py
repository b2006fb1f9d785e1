"""The arm's joint axes out of `robot_description`, and how far it is from a singular pose."""

from dataclasses import dataclass
from math import cos, sin
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Joint:
    """One joint of the chain: fixed transform (4, 4) from the joint before it, axis (3,), and its kind."""

    T_parent_joint: Array
    axis: Array
    kind: str


def read_chain(urdf: str) -> tuple[Joint, ...]:
    """Joints from the root to the last moving one, in order; ValueError when the text is no URDF of a single chain."""
    try:
        root = ElementTree.fromstring(urdf)
    except ElementTree.ParseError as error:
        raise ValueError(f"robot_description is not XML: {error}") from error
    by_child = {_link(j, "child"): j for j in root.findall("joint")}
    moving = [j for j in by_child.values() if j.get("type") != "fixed"]
    for last in moving:
        chain, link = [last], _link(last, "parent")
        while link in by_child and len(chain) <= len(by_child):
            chain.append(by_child[link])
            link = _link(by_child[link], "parent")
        if all(j in chain for j in moving):
            return tuple(_joint(j) for j in reversed(chain))
    raise ValueError("robot_description needs one chain with all moving joints")


def manipulability(chain: tuple[Joint, ...], position_rad: Array) -> float:
    """sqrt(det(J J^T)) of the geometric Jacobian (Yoshikawa 1985); the same for every point of reference.

    `position_rad` (n,) of the moving joints [rad, sliding joints m]; ValueError when their number differs.
    """
    values = list(np.asarray(position_rad, dtype=np.float64))
    if len(values) != sum(j.kind != "fixed" for j in chain):
        raise ValueError(f"{len(values)} joint positions do not fit the chain")
    columns, T = [], np.eye(4)
    for joint in chain:
        T = T @ joint.T_parent_joint
        if joint.kind == "fixed":
            continue
        axis, value = T[:3, :3] @ joint.axis, values.pop(0)
        move = np.eye(4)
        if joint.kind == "prismatic":
            columns.append(np.concatenate([axis, np.zeros(3)]))
            move[:3, 3] = joint.axis * value
        else:
            (px, py, pz), (ax, ay, az) = T[:3, 3].tolist(), axis.tolist()
            columns.append(np.array([py * az - pz * ay, pz * ax - px * az, px * ay - py * ax, ax, ay, az]))
            move[:3, :3] = _turn(joint.axis, value)
        T = T @ move
    J = np.array(columns).T
    return float(np.sqrt(max(float(np.linalg.det(J @ J.T)), 0.0)))


def _link(joint: ElementTree.Element, which: str) -> str:
    element = joint.find(which)
    return "" if element is None else element.get("link", "")


def _joint(element: ElementTree.Element) -> Joint:
    origin, axis = element.find("origin"), element.find("axis")
    T = np.eye(4)
    if origin is not None:
        roll, pitch, yaw = _numbers(origin.get("rpy", "0 0 0"))
        x, y, z = np.eye(3)
        T[:3, :3] = _turn(z, yaw) @ _turn(y, pitch) @ _turn(x, roll)
        T[:3, 3] = _numbers(origin.get("xyz", "0 0 0"))
    direction = _numbers("1 0 0" if axis is None else axis.get("xyz", "1 0 0"))
    return Joint(T, direction / max(float(np.linalg.norm(direction)), 1e-9), element.get("type", ""))


def _numbers(text: str) -> Array:
    numbers = np.array([float(n) for n in text.split()])
    if numbers.shape != (3,) or not bool(np.isfinite(numbers).all()):
        raise ValueError(f"robot_description: '{text}' is not three numbers")
    return numbers


def _turn(axis: Array, angle_rad: float) -> Array:
    """Rotation (3, 3) about a unit axis (Rodrigues)."""
    x, y, z = axis.tolist()
    s, c = sin(angle_rad), cos(angle_rad)
    v = 1.0 - c
    return np.array(
        [
            [c + v * x * x, v * x * y - s * z, v * x * z + s * y],
            [v * x * y + s * z, c + v * y * y, v * y * z - s * x],
            [v * x * z - s * y, v * y * z + s * x, c + v * z * z],
        ]
    )
