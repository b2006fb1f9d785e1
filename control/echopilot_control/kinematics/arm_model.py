"""Rigid-body model of the arm from `robot_description`: geometry, masses and joint friction of its moving bodies."""

from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element

import numpy as np

from echopilot_control.kinematics.urdf import (
    FIXED,
    SLIDING,
    TURNING,
    Joint,
    number,
    numbers,
    read_joints,
    rotation_rpy,
)
from echopilot_core import Array
from echopilot_core.guarded.bounded import InputFileError, one_line
from echopilot_core.guarded.xml_input import parse_xml
from echopilot_core.robot import FRAME_KG


@dataclass(frozen=True, eq=False)
class ArmDynamics:
    """n bodies, each moved by a joint and carrying all links fixed to it; the last one carries the probe at `T_tip`.

    Joint i turns body i by `still[i] + cos(q) even[i] + sin(q) odd[i]` (3, 3) in body i - 1, about `offset_m[i]` there;
    where `slides[i]` is 1 instead of 0, it moves it by q along `slide[i]` (3,) there. `inertia_kg_m2` (n, 3, 3) is
    about the centers of mass `com_m` (n, 3), all in the frames of the bodies. Friction is [N m], of a slide [N].
    """

    offset_m: Array
    still: Array
    even: Array
    odd: Array
    axis: Array
    slides: Array
    slide: Array
    mass_kg: Array
    com_m: Array
    inertia_kg_m2: Array
    friction_n_m: Array
    damping_n_m_s: Array
    T_tip: Array

    @cached_property
    def sliding(self) -> bool:
        """Whether any joint slides."""
        return bool(self.slides.any())

    @cached_property
    def motions(self) -> tuple[Array, Array, Array, Array]:
        """Parts (n, 4, 4) of the transform of each body in the one before: constant, by cos q, by sin q, and by q."""
        parts = np.zeros((4, len(self.mass_kg), 4, 4))
        parts[0, :, :3, :3], parts[1, :, :3, :3], parts[2, :, :3, :3] = self.still, self.even, self.odd
        parts[0, :, :3, 3], parts[3, :, :3, 3], parts[0, :, 3, 3] = self.offset_m, self.slide, 1.0
        constant, even, odd, slide = parts
        return constant, even, odd, slide

    @cached_property
    def axis_and_com(self) -> Array:
        """Columns (n, 3, 2): joint axis and center of mass of each body, in its own frame."""
        return np.stack([self.axis, self.com_m], axis=-1)

    @cached_property
    def carried_kg(self) -> Array:
        """Masses (n, n) of the bodies (columns) that each joint (rows) carries."""
        return np.triu(np.tile(self.mass_kg, (len(self.mass_kg), 1)))

    @cached_property
    def burden_kg(self) -> Array:
        """Mass (n, 1) that each joint carries."""
        total: Array = self.carried_kg.sum(axis=1, keepdims=True)
        return total


def read_arm(urdf: str) -> ArmDynamics:
    """The arm of a URDF with one chain of joints that turn or slide; ValueError for others, and without a mass."""
    joints, chain = read_joints(urdf)
    links = {link.get("name", ""): link for link in parse_xml(urdf, "robot_description").findall("link")}
    rows: list[tuple[Array, ...]] = []
    before = np.eye(4)
    for joint in chain:
        before = before @ joint.T_parent_joint
        if joint.kind == FIXED:
            continue
        if joint.kind not in (*TURNING, SLIDING):
            raise InputFileError(f"robot_description: no model of a {one_line(joint.kind, 20)} joint")
        x, y, z = joint.axis.tolist()
        across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        along, turned = np.outer(joint.axis, joint.axis), before[:3, :3]
        slides = float(joint.kind == SLIDING)
        turns = (np.eye(3), 0.0 * along, 0.0 * along) if slides else (along, np.eye(3) - along, across)
        mass_kg, com_m, inertia = _body(joint.child, links, joints)
        rows.append(
            (
                before[:3, 3],
                *(turned @ part for part in turns),
                joint.axis,
                np.array(slides),
                turned @ (slides * joint.axis),
                np.array(mass_kg),
                com_m,
                inertia,
                np.array(joint.friction),
                np.array(joint.damping),
            )
        )
        before = np.eye(4)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return ArmDynamics(*[*columns, before])


def carried_by(urdf: str, link: str) -> tuple[float, Array]:
    """Mass [kg] and center of mass (3,) [m] of a link with all that is fixed beyond it, in its frame.

    ValueError for what is no URDF, and where there is no mass.
    """
    links = {element.get("name", ""): element for element in parse_xml(urdf, "robot_description").findall("link")}
    mass_kg, com_m, _ = _body(link, links, read_joints(urdf)[0])
    return mass_kg, com_m


def _body(name: str, links: dict[str, Element], joints: tuple[Joint, ...]) -> tuple[float, Array, Array]:
    """Mass [kg], center of mass (3,) [m] and inertia about it (3, 3) of a link with all that is fixed to it."""
    parts: list[tuple[float, Array, Array]] = []
    left, seen = [(name, np.eye(4))], 0
    while left:
        (link, T), seen = left.pop(), seen + 1
        inertial = links[link].find("inertial") if link in links else None
        if inertial is not None:
            parts.append(_part(inertial, T))
        left.extend((j.child, T @ j.T_parent_joint) for j in joints if j.kind == FIXED and j.parent == link)
        if seen > len(joints) + 1:
            raise InputFileError("robot_description: fixed joints form a circle")
    mass_kg = sum(m for m, _, _ in parts)
    if not mass_kg > 0.0:
        raise InputFileError(f"robot_description: no mass behind link '{one_line(name, 40)}'")
    com_m: Array = sum((m * c for m, c, _ in parts), np.zeros(3)) / mass_kg
    inertia = np.zeros((3, 3))
    for m, c, about_own in parts:
        away = c - com_m
        inertia += about_own + m * (float(away @ away) * np.eye(3) - np.outer(away, away))
    return mass_kg, com_m, inertia


def _part(inertial: Element, T: Array) -> tuple[float, Array, Array]:
    origin, mass, inertia = (inertial.find(key) for key in ("origin", "mass", "inertia"))
    xyz = np.zeros(3) if origin is None else numbers(origin.get("xyz", "0 0 0"))
    R = T[:3, :3] @ (np.eye(3) if origin is None else rotation_rpy(origin.get("rpy", "0 0 0")))
    xx, yy, zz, xy, xz, yz = (number(inertia, f"i{key}") for key in ("xx", "yy", "zz", "xy", "xz", "yz"))
    own = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    mass_kg = number(mass, "value")
    if mass_kg < 0.0:
        raise InputFileError(f"robot_description: a mass of {mass_kg} kg")
    if mass_kg < FRAME_KG:
        mass_kg, own = 0.0, np.zeros((3, 3))
    return mass_kg, T[:3, :3] @ xyz + T[:3, 3], R @ own @ R.T
