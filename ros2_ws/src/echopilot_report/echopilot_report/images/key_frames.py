"""Key frames of a report, and the recorded image of a frame."""

from echopilot_core import MeasurementName
from echopilot_exam.record import ExamRecord, KeyFrameRecord
from echopilot_report.grading.wording import text

SWEEP_REASON = "along the sweep"


def chosen_keyframes(record: ExamRecord) -> list[tuple[KeyFrameRecord, str]]:
    """Key frames for the clinician: cardiac phases, the best frame of each view, the widest aorta, failed views."""
    chosen = [(key, key.reason.capitalize()) for key in record.keyframes if key.reason != SWEEP_REASON]
    widest = next((m for m in record.measurements if m.name is MeasurementName.AORTA_MAX_OUTER_AP), None)
    of_widest = (kept_frame(record, s) for s in (widest.frame_sequences if widest is not None else ()))
    shown = next((key for key in of_widest if key is not None), None)
    along = [key for key in record.keyframes if key.reason == SWEEP_REASON]
    if shown is not None:
        chosen.append((shown, text("caption", "widest")))
    elif along:
        chosen.append((along[len(along) // 2], text("caption", "middle")))
    order = {"End-diastole": 0, "End-systole": 1, "Best frame": 2, text("caption", "widest"): 3}
    unique: dict[int, tuple[KeyFrameRecord, str]] = {}
    for key, caption in sorted(chosen, key=lambda pair: (pair[0].view, order.get(pair[1], 4), pair[0].sequence)):
        unique.setdefault(key.sequence, (key, caption))
    return list(unique.values())


def kept_frame(record: ExamRecord, sequence: int) -> KeyFrameRecord | None:
    """The recorded image of an exam frame, from key frames or clips, with its measurements; None if not kept."""
    key = next((k for k in record.keyframes if k.sequence == sequence), None)
    if key is not None:
        return key
    for clip in record.clips:
        frame = next((f for f in clip.frames if f.sequence == sequence), None)
        if frame is None:
            continue
        try:
            labels = clip.label_map(frame)
        except (ValueError, OSError):
            labels = None
        measured = next((s.measurements for s in record.perception if s.sequence == sequence), ())
        return KeyFrameRecord(
            frame.sequence,
            frame.stamp_ns,
            clip.view,
            clip.kind,
            frame.image_path,
            clip.geometry,
            clip.sector,
            labels,
            measured,
            clip.imaging.preset,
        )
    return None
