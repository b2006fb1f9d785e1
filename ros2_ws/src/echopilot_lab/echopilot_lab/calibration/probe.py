"""`echopilot calibrate probe`: from a tracked recording of an N-wire phantom to a dated, hashed file."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_control.calibration.dots import find_dots, name_dots
from echopilot_control.calibration.phantom import Flags
from echopilot_control.calibration.probe import ProbeCalibration, calibrate_probe
from echopilot_control.calibration.record import check_name, make_record, write_record
from echopilot_control.calibration.refine import in_plane_errors_m, phantom_in_marker
from echopilot_control.calibration.wires_file import WiresFile, read_wires
from echopilot_core import Array, EchoPilotError, se3
from echopilot_lab.calibration.plots import draw_probe
from echopilot_lab.calibration.tracked_sequence import TrackedHeader, read_tracked
from echopilot_lab.cli.shared import png_only
from echopilot_perception.frames.readers.metaimage import read_metaimage


def run_probe_calibration(
    recording: Path,
    wires_file: Path,
    pose: str,
    reference: str,
    face_px: tuple[float, float] | None,
    out: Path,
    console: Console,
) -> dict[str, Any]:
    """Find the wires, solve, write the record to `out` and the errors to a PNG beside it; returns the figures."""
    check_name(out)
    png_only(out.with_suffix(".png"))
    if face_px is not None and not np.isfinite(face_px).all():
        raise EchoPilotError(f"the face cannot be at pixel {face_px[0]:g} {face_px[1]:g}")
    header = read_tracked(recording)
    wires = read_wires(wires_file)
    T_phantom_marker, valid = _poses(header, wires, pose, reference)
    images = read_metaimage(recording).gray
    named = [name_dots(find_dots(image), wires.phantom, wires.rough_pixel_m) for image in images]
    whole = np.array([points is not None for points in named])
    usable = np.zeros(header.count, dtype=bool)
    usable[np.flatnonzero(header.has_image)[whole]] = True
    usable &= valid
    points_px = np.array([p for p, k in zip(named, np.flatnonzero(header.has_image), strict=True) if usable[k]])
    if not usable.any():
        raise EchoPilotError(
            f"{recording.name}: none of {header.count} frames shows all {wires.phantom.ends_m.shape[0] * 3} wires "
            f"of {wires_file.name} with a valid pose"
        )
    found = calibrate_probe(wires.phantom, points_px, T_phantom_marker[usable])
    width = images.shape[2]
    face = np.array(face_px if face_px is not None else (width / 2, 0.0), dtype=np.float64)
    values = _values(found, face)
    residuals = _residuals(found, wires, header.count, int(usable.sum()))
    record = make_record("probe", datetime.now(timezone.utc), [recording, wires_file], values, residuals)
    write_record(record, out)
    ends_m = phantom_in_marker(wires.phantom.ends_m, T_phantom_marker[usable])
    plot = out.with_suffix(".png")
    draw_probe(in_plane_errors_m(found.plane, points_px, ends_m), found, wires.phantom.names, plot)
    _show(console, values, residuals)
    console.print(f"{out} and {plot.name}; SHA-256 {record.sha256()[:12]}")
    return {"record": str(out), "picture": str(plot), "values": values, "residuals": residuals}


def _poses(header: TrackedHeader, wires: WiresFile, pose: str, reference: str) -> tuple[Array, Flags]:
    """T_phantom_marker (N, 4, 4) and its validity (N,); without a reference the phantom is known to the tracker."""
    T_tracker_marker, valid = header.poses(pose)
    T_phantom_reference = se3.inverse(wires.T_reference_phantom)
    if not reference:
        return T_phantom_reference @ T_tracker_marker, valid
    T_tracker_reference, also = header.poses(reference)
    T_reference_tracker = np.array([se3.inverse(T) for T in T_tracker_reference])
    return T_phantom_reference @ T_reference_tracker @ T_tracker_marker, valid & also


def _values(found: ProbeCalibration, face_px: Array) -> dict[str, Any]:
    return {
        "T_marker_us_image": found.plane.T_marker_image.tolist(),
        "spacing_m_px": found.plane.spacing_m.tolist(),
        "face_px": face_px.tolist(),
        "T_marker_probe": found.plane.probe_pose(face_px).tolist(),
    }


def _residuals(found: ProbeCalibration, wires: WiresFile, frames: int, whole: int) -> dict[str, Any]:
    r = found.residuals
    names = [name for row in wires.phantom.names for name in row]
    residuals_of: dict[str, Any] = {
        "frames": {"recorded": frames, "with_all_wires": whole, "kept": found.frames},
        "in_plane_rms_mm": 1e3 * r.in_plane_m,
        "out_of_plane_rms_mm": 1e3 * r.out_of_plane_m,
        "middle_wires_rms_mm": 1e3 * r.middle_m,
        "wires_rms_mm": dict(zip(names, (1e3 * r.wires_m).ravel().tolist(), strict=True)),
        "unseen_fifths_in_plane_rms_mm": 1e3 * r.unseen_m,
        "moved_without_a_fifth_mm": 1e3 * r.moved_m,
        "moved_without_a_fifth_deg": float(np.degrees(r.moved_rad)),
    }
    if wires.registration_error_m is not None:
        residuals_of["phantom_registration_error_mm"] = 1e3 * wires.registration_error_m
    if wires.earlier_spacing_m is not None:
        apart = found.plane.spacing_m / np.array(wires.earlier_spacing_m) - 1.0
        residuals_of["spacing_against_earlier_pct"] = (100.0 * apart).tolist()
    return residuals_of


def _show(console: Console, values: dict[str, Any], residuals: dict[str, Any]) -> None:
    table = Table("figure", "value", title="Image to marker")
    frames = residuals["frames"]
    table.add_row(
        "frames kept / all wires seen / recorded",
        " / ".join(str(frames[k]) for k in ("kept", "with_all_wires", "recorded")),
    )
    table.add_row("pixel, x and y", "{:.5f}, {:.5f} mm".format(*(1e3 * v for v in values["spacing_m_px"])))
    table.add_row(
        "face center in the marker frame",
        "{:.2f}, {:.2f}, {:.2f} mm".format(*(1e3 * row[3] for row in values["T_marker_probe"][:3])),
    )
    table.add_row("in plane, all wires (RMS)", f"{residuals['in_plane_rms_mm']:.2f} mm")
    table.add_row("out of plane, middle wires (RMS)", f"{residuals['out_of_plane_rms_mm']:.2f} mm")
    table.add_row("in plane, fifths left out of the fit (RMS)", f"{residuals['unseen_fifths_in_plane_rms_mm']:.2f} mm")
    worst = max(residuals["wires_rms_mm"].items(), key=lambda item: item[1])
    table.add_row("worst wire (RMS)", f"{worst[0]}, {worst[1]:.2f} mm")
    table.add_row(
        "moved without one fifth of the frames, at worst",
        f"{residuals['moved_without_a_fifth_mm']:.2f} mm, {residuals['moved_without_a_fifth_deg']:.2f} deg",
    )
    if "phantom_registration_error_mm" in residuals:
        table.add_row("registration of the phantom (given)", f"{residuals['phantom_registration_error_mm']:.2f} mm")
    if "spacing_against_earlier_pct" in residuals:
        table.add_row(
            "pixel against the earlier one (given)",
            "{:+.2f}, {:+.2f} %".format(*residuals["spacing_against_earlier_pct"]),
        )
    console.print(table)
