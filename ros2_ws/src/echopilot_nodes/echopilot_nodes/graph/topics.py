"""Topic, service and action names, relative but for /clock, so that a namespace moves the whole graph."""

CLOCK = "/clock"  # ROS time is global by convention

ROBOT_STATE = "robot/state"
ROBOT_MEASURED_CP = "robot/measured_cp"
ROBOT_MEASURED_CF = "robot/measured_cf"
ROBOT_FT_RAW = "robot/ft_raw"
ROBOT_SERVO_CV = "robot/servo_cv"
JOINT_STATES = "joint_states"
ROBOT_DESCRIPTION = "robot_description"
TF = "tf"
DIAGNOSTICS = "diagnostics"

BODY_SURFACE = "body/surface"
BODY_LANDMARKS = "body/landmarks"

PROBE_FRAME = "probe/frame"
PROBE_ENDED = "probe/ended"
PERCEPTION_RESULT = "perception/result"

CONTROL_COMMAND = "control/command"
CONTROL_STATUS = "control/status"
CONTROL_JOG = "control/jog"  # the operator's wanted twist in guided steps
SAFETY_STATE = "safety/state"

EXAM_STATE = "exam/state"
EXAM_MEASUREMENTS = "exam/measurements"
EXAM_FINDINGS = "exam/findings"
EXAM_FOLDER = "exam/folder"  # folder of the record that begins
EXAM_RECORD = "exam/record"  # folder of the record that was just finished
EXAM_REPORT = "exam/report"  # report made from it
EXAM_SUMMARY = "exam/summary"  # summary.json that scores were merged into

OPERATOR_ENABLED = "operator/enabled"  # level of the enabling device, at 20 Hz or more
LIFECYCLE_ACTIVE = "lifecycle/active"

SIM_TRUTH_FRAME = "sim/truth/frame"  # only the scorer may subscribe

SET_IMAGING = "probe/set_imaging"
FREEZE = "probe/freeze"
SET_PATIENT = "sim/set_patient"
SHIFT_PATIENT = "sim/shift_patient"
RESET_SAFETY = "safety/reset"
SAFETY_STOP = "safety/stop"
SAFETY_LIFT_OFF = "safety/lift_off"  # after a latched stop
EXAM_STOP = "exam/stop"
EXAM_RESUME = "exam/resume"
EXAM_SKIP = "exam/skip"

EXAM_RUN = "exam/run"
ACQUIRE_VIEW = "control/acquire_view"
SWEEP = "control/sweep"
