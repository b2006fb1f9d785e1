"""Joint limits from `robot_description`, for a node without a robot model."""

from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from echopilot_core.guarded.bounded import InputFileError, one_line
from echopilot_core.guarded.xml_input import parse_xml

MAX_JOINTS = 64
_LARGEST = 1e4  # of a limit [rad, m] or a speed


def joint_limits_rad(urdf: str) -> NDArray[np.float64]:
    """Lower and upper limit (n, 2) of every moving joint in the file's order [rad, sliding joints m].

    A joint without end has infinite limits. ValueError when the text is no URDF, has no moving joint or no numbers.
    """
    rows = []
    for joint in _moving_joints(urdf):
        kind, limit = joint.get("type"), joint.find("limit")
        if kind == "continuous":
            rows.append((-np.inf, np.inf))
        else:
            if limit is None:
                raise InputFileError(f"robot_description: joint {one_line(joint.get('name'), 40)} has no limit")
            rows.append((_number(joint, limit, "lower"), _number(joint, limit, "upper")))
    limits = np.array(rows, dtype=np.float64).reshape(-1, 2)
    if len(limits) == 0 or not bool((limits[:, 0] < limits[:, 1]).all()):
        raise InputFileError("robot_description needs moving joints whose lower limit is below the upper one")
    return limits


def joint_speed_limits_rad_s(urdf: str) -> NDArray[np.float64]:
    """Speed limit (n,) of every moving joint in the file's order [rad/s, sliding joints m/s].

    ValueError when the text is no URDF, has no moving joint, or one without a speed limit above zero.
    """
    speeds = np.array([_number(joint, joint.find("limit"), "velocity") for joint in _moving_joints(urdf)])
    if len(speeds) == 0 or not bool((speeds > 0.0).all()):
        raise InputFileError("robot_description needs moving joints with speed limits above zero")
    return speeds


def joint_names(urdf: str) -> tuple[str, ...]:
    """Names (n) of the moving joints in the file's order; ValueError for what is no URDF."""
    return tuple(joint.get("name", "") for joint in _moving_joints(urdf))


def joints_of(urdf: str) -> list[Element]:
    """Every joint of a URDF, fixed ones too; ValueError for what is no URDF, or holds too many or two of one name."""
    joints = parse_xml(urdf, "robot_description").findall("joint")
    names = [joint.get("name", "") for joint in joints]
    if len(set(names)) < len(names) or len(names) > MAX_JOINTS:
        raise InputFileError(f"robot_description needs at most {MAX_JOINTS} joints, each with a name of its own")
    return joints


def _moving_joints(urdf: str) -> list[Element]:
    return [j for j in joints_of(urdf) if j.get("type") in ("revolute", "prismatic", "continuous")]


def _number(joint: Element, limit: Element | None, key: str) -> float:
    """A finite number of a joint's limit; ValueError with joint and key."""
    text = "" if limit is None else limit.get(key, "")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= _LARGEST:
        name, found = one_line(joint.get("name"), 40), one_line(text, 40) or "missing"
        raise InputFileError(f"robot_description: {key} of joint {name} is {found}; it must be a number")
    return value
