"""SimTruth, from the simulator's truth; only the simulator and the scorer import this module."""

import math

from echopilot_msgs.msg import SimTruth

from echopilot_nodes.conversions.basic import to_doubles, to_header, to_uint8s
from echopilot_nodes.conversions.perception import empty_label_map, to_label_map
from echopilot_sim.moment import Moment
from echopilot_sim.truth import Truth


def to_truth(truth: Truth, moment: Moment, seed: int, peak_force_n: float, limit_crossings: int) -> SimTruth:
    """Truth of a frame to its message; NaN where the plane does not cut the aorta."""
    nan = math.nan
    a = truth.aorta
    return SimTruth(
        header=to_header(truth.stamp_ns, "us_image"),
        frame_sequence=truth.sequence,
        patient_seed=seed,
        heart_phase=float(moment.phases.heart),
        breath_phase=float(moment.phases.breathing),
        views=to_uint8s(tuple(int(e.view) for e in truth.errors)),
        angle_errors=to_doubles([e.angle_rad for e in truth.errors]),
        offset_errors=to_doubles([e.offset_m for e in truth.errors]),
        motions=to_doubles([e.motion for e in truth.errors]),
        inner_ap=a.inner_ap_m if a else nan,
        inner_transverse=a.inner_transverse_m if a else nan,
        outer_ap=a.outer_ap_m if a else nan,
        outer_transverse=a.outer_transverse_m if a else nan,
        unloaded_inner_ap=a.inner_unloaded_m if a else nan,
        unloaded_inner_transverse=a.inner_unloaded_m if a else nan,
        unloaded_outer_ap=a.outer_unloaded_m if a else nan,
        unloaded_outer_transverse=a.outer_unloaded_m if a else nan,
        aorta_station=a.station_m if a else nan,
        centreline_error=abs(float(a.centre_m[0])) if a else nan,
        orientation_error=a.obliquity_rad if a else nan,
        max_diameter=float(truth.max_aorta_outer_m),
        aneurysm=bool(truth.aneurysm),
        lv_volume=float(truth.lv_volume_m3),
        ejection_fraction=float(truth.ejection_fraction),
        quality=float(truth.quality),
        coupling=to_doubles(truth.coupling),
        label_map=to_label_map(truth.exact) if truth.exact is not None else empty_label_map(),
        normal_force=float(moment.contact_force_n),
        peak_normal_force=float(peak_force_n),
        limit_crossings=int(limit_crossings),
    )
