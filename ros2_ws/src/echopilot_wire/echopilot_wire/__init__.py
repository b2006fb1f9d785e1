"""Messages to core dataclasses and back, exact where ROS can be; needs neither rclpy nor built messages.

One pure function per message and direction: `to_…` makes a message (a dataclass of `echopilot_wire.store`), `from_…`
reads any object with the message's fields and raises ValueError for what it cannot mean. `encode` and `decode` are the
way to bytes and back, as DDS and recordings carry them.
"""

from echopilot_wire.basic import from_time, peek_number, peek_stamp, stamp_of, to_header, to_time
from echopilot_wire.body import from_cloud, from_landmarks, to_cloud, to_landmarks
from echopilot_wire.clinical import from_finding, from_measurement, to_finding, to_measurement
from echopilot_wire.control import (
    from_command,
    from_goal,
    from_safe_twist,
    from_safety_state,
    from_status,
    to_command,
    to_goal,
    to_safe_twist,
    to_safety_state,
    to_status,
)
from echopilot_wire.definitions import definition
from echopilot_wire.exam import from_exam_state, to_exam_state
from echopilot_wire.frame import from_frame, from_geometry, from_settings, to_frame, to_geometry
from echopilot_wire.perception import empty_label_map, from_label_map, from_result, to_label_map, to_result
from echopilot_wire.robot import (
    as_on_the_wire,
    from_joint_state,
    from_measured_cf,
    from_robot_state,
    to_jog,
    to_joint_state,
    to_measured_cf,
    to_measured_cp,
    to_measured_cv,
    to_robot_state,
    to_transforms,
)
from echopilot_wire.store import Message, decode, encode

__all__ = [
    "Message",
    "as_on_the_wire",
    "decode",
    "definition",
    "empty_label_map",
    "encode",
    "from_cloud",
    "from_command",
    "from_exam_state",
    "from_finding",
    "from_frame",
    "from_geometry",
    "from_goal",
    "from_joint_state",
    "from_label_map",
    "from_landmarks",
    "from_measured_cf",
    "from_measurement",
    "from_result",
    "from_robot_state",
    "from_safe_twist",
    "from_safety_state",
    "from_settings",
    "from_status",
    "from_time",
    "peek_number",
    "peek_stamp",
    "stamp_of",
    "to_cloud",
    "to_command",
    "to_exam_state",
    "to_finding",
    "to_frame",
    "to_geometry",
    "to_goal",
    "to_header",
    "to_jog",
    "to_joint_state",
    "to_label_map",
    "to_landmarks",
    "to_measured_cf",
    "to_measured_cp",
    "to_measured_cv",
    "to_measurement",
    "to_result",
    "to_robot_state",
    "to_safe_twist",
    "to_safety_state",
    "to_status",
    "to_time",
    "to_transforms",
]
