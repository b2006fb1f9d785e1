"""Topic, service and action names, relative but for /clock and /diagnostics: a namespace moves the whole graph."""

CLOCK = "/clock"  # ROS time is global by convention
DIAGNOSTICS = "/diagnostics"  # and so is this; names of nodes in it tell the graphs apart

ROBOT_STATE = "robot/state"
ROBOT_MEASURED_CP = "robot/measured_cp"
ROBOT_MEASURED_CF = "robot/measured_cf"
ROBOT_FT_RAW = "robot/ft_raw"
ROBOT_SERVO_CV = "robot/servo_cv"
JOINT_STATES = "joint_states"
ROBOT_DESCRIPTION = "robot_description"
TF = "tf"
TF_STATIC = "tf_static"

BODY_SURFACE = "body/surface"
BODY_LANDMARKS = "body/landmarks"

PROBE_FRAME = "probe/frame"
PROBE_ENDED = "probe/ended"
PERCEPTION_RESULT = "perception/result"

CONTROL_COMMAND = "control/command"
CONTROL_STATUS = "control/status"
CONTROL_JOG = "control/jog"  # the operator's wanted twist in guided steps
CONTROL_CONSOLE = "control/console"  # whether a console has control, with every tick while it has
SAFETY_STATE = "safety/state"

EXAM_STATE = "exam/state"
EXAM_MEASUREMENTS = "exam/measurements"
EXAM_FINDINGS = "exam/findings"
EXAM_FOLDER = "exam/folder"  # folder of the record that begins
EXAM_RECORD = "exam/record"  # folder of the record that was just finished
EXAM_REPORT = "exam/report"  # report made from it
EXAM_SUMMARY = "exam/summary"  # summary.json that scores were merged into

# Standard faces, by the node standard_topics
PROBE_IMAGE = "probe/image"
PROBE_IMAGE_COMPRESSED = "probe/image/compressed"
PROBE_PLANE = "probe/plane"  # textured triangles
PROBE_POINTS = "probe/points"  # pixels in space
OVERLAY = "perception/overlay"
OVERLAY_COMPRESSED = "perception/overlay/compressed"
LABELS = "perception/labels"
LABEL_INFO = "perception/label_info"  # of labels and detections
DETECTIONS = "perception/detections"
VIEW = "perception/view"
VIEW_INFO = "perception/view_info"
BODY_POINTS = "body/points"
BODY_MARKERS = "body/markers"
AORTA_MARKERS = "exam/aorta_markers"

# A console of the CRTK convention, by the node crtk
CRTK_OPERATING_STATE = "crtk/operating_state"
CRTK_STATE_COMMAND = "crtk/state_command"
CRTK_MEASURED_CP = "crtk/measured_cp"
CRTK_MEASURED_CV = "crtk/measured_cv"
CRTK_MEASURED_CF = "crtk/measured_cf"
CRTK_MEASURED_JS = "crtk/measured_js"
CRTK_SERVO_CV = "crtk/servo_cv"
CRTK_SERVO_CP = "crtk/servo_cp"
CRTK_MOVE_CP = "crtk/move_cp"

OPERATOR_ENABLED = "operator/enabled"  # level of the enabling device, at 20 Hz or more
LIFECYCLE_ACTIVE = "lifecycle/active"

SIM_TRUTH_FRAME = "sim/truth/frame"  # only the scorer may subscribe

SET_IMAGING = "probe/set_imaging"
FREEZE = "probe/freeze"
SET_PATIENT = "sim/set_patient"
SHIFT_PATIENT = "sim/shift_patient"
RESET_SAFETY = "safety/reset"
SAFETY_PARAMETERS = "safety/get_parameters"
SAFETY_STOP = "safety/stop"
SAFETY_LIFT_OFF = "safety/lift_off"  # after a latched stop
EXAM_STOP = "exam/stop"
EXAM_RESUME = "exam/resume"
EXAM_SKIP = "exam/skip"

EXAM_RUN = "exam/run"
ACQUIRE_VIEW = "control/acquire_view"
SWEEP = "control/sweep"
