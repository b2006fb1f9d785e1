"""Joint limits out of `robot_description`, for a node that knows no robot model."""

from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray


def joint_limits_rad(urdf: str) -> NDArray[np.float64]:
    """Lower and upper limit (n, 2) of every moving joint in the file's order [rad, sliding joints m].

    A joint without end has infinite limits. ValueError when the text is no URDF, has no moving joint or no numbers.
    """
    try:
        root = ElementTree.fromstring(urdf)
    except ElementTree.ParseError as error:
        raise ValueError(f"robot_description is not XML: {error}") from error
    rows = []
    for joint in root.findall("joint"):
        kind, limit = joint.get("type"), joint.find("limit")
        if kind == "continuous":
            rows.append((-np.inf, np.inf))
        elif kind in ("revolute", "prismatic"):
            if limit is None:
                raise ValueError(f"joint {joint.get('name')} has no limit")
            rows.append((float(limit.get("lower", "nan")), float(limit.get("upper", "nan"))))
    limits = np.array(rows, dtype=np.float64).reshape(-1, 2)
    if len(limits) == 0 or not bool((limits[:, 0] < limits[:, 1]).all()):
        raise ValueError("robot_description needs moving joints whose lower limit is below the upper one")
    return limits
