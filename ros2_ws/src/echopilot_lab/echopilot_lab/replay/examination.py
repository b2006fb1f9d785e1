"""The report of an examination that was recorded elsewhere: clips in, record, report and DICOM objects out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from platform import node
from typing import Any

from rich.console import Console
from rich.progress import track

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_exam.clips.clip_exam import ClipExam, ClipFacts
from echopilot_exam.record import RecordHeader, read_exam
from echopilot_exam.record.patient_id import check_patient_id
from echopilot_exam.record.software import account
from echopilot_lab.replay.clip import find_clip, is_recording
from echopilot_lab.replay.clip_results import finding_line, vote_line
from echopilot_lab.util.atomic_output import staged_folder
from echopilot_perception.frames import open_clip
from echopilot_perception.frames.clip import Clip
from echopilot_perception.frames.image_placement import SCALE_OF_FILE, check_depth
from echopilot_perception.frames.readers.dicom.acquired import acquired_at
from echopilot_perception.frames.readers.folder import clips_in_folder
from echopilot_perception.frames.readers.kinds import split_topic
from echopilot_perception.pipeline import Perception
from echopilot_report.dicom.structured import reportable, stored
from echopilot_report.report import write_report


@dataclass(frozen=True)
class ClipFile:
    """A clip of an examination: its path, and its name within the folder that was given."""

    path: Path
    name: str


OF_FILES, OF_READING = "the files", "the reading: the files give none"
LONGEST_NAME = 100
PIECE_BYTES = 1 << 20


def report_clips(
    names: Sequence[str],
    out: Path,
    console: Console,
    depth_m: float | None = None,
    mirror: bool = False,
    patient_id: str = "",
) -> dict[str, Any]:
    """Write the exam record of clips with report.html, report.pdf, dicom/, fhir.json and summary.json into `out`.

    Args:
        names: files, folders of an examination, `BAG::/topic` or 'default'.
        out: folder; earlier results there are replaced, nothing is left in it when no clip can be read.
        console: for progress.
        depth_m: depth of the clips that have no scale of their own.
        mirror: exchange left and right in all clips.
        patient_id: pseudonym; by default made from the content of the files.

    Returns:
        The summary. A file that cannot be read is in `refused` with the reason, and in the report.

    Raises:
        EchoPilotError: without any readable clip, or for a pseudonym that the report's files cannot hold.
    """
    if depth_m is not None:
        check_depth(depth_m)
    files = clip_files(names)
    hashes = {file.name: _content_sha256(file.path) for file in files}
    identity = check_patient_id(patient_id or f"clips-{sha256(''.join(hashes.values()).encode()).hexdigest()[:8]}")
    perception = Perception()
    clips: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    config = {"clips.json": (json.dumps({"sha256": hashes}, indent=1) + "\n").encode()}
    with staged_folder(out) as folder:
        exam = ClipExam(folder, _header(identity, files), config)
        try:
            for file in files:
                try:
                    clips.append(_add(exam, file, perception, depth_m, mirror, console))
                except EchoPilotError as error:
                    refused.append({"clip": file.name, "why": str(error)})
                    exam.refuse(file.name, str(error))
                    console.print(f"[yellow]not read: {error}[/]", highlight=False, soft_wrap=True)
            if not clips:
                raise EchoPilotError(f"no clip could be read: {refused[0]['why']}")
            exam.finish()
        finally:
            exam.close()
            perception.close()
        with console.status("writes the report") as status:
            written = write_report(folder, say=lambda part: status.update(f"report: {part}"))
        for remark in written.remarks:
            console.print(f"[yellow]{remark}[/]", highlight=False, soft_wrap=True)
        summary = {
            "patient": identity,
            "clips": clips,
            "refused": refused,
            "numbers": _numbers(folder),
            "report": str(out / written.page.name),
            "notice": "Research software, not a medical device.",
        }
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    console.print(f"{len(clips)} clips, {len(refused)} refused -> {out / written.page.name}", highlight=False)
    return summary


def clip_files(names: Sequence[str]) -> list[ClipFile]:
    """Every clip that the names stand for, once, in the order given; a folder stands for the clips in it.

    Raises EchoPilotError where nothing is at a path, or where it holds no clip.
    """
    found: dict[Path, Path] = {}
    given: dict[Path, Path] = {}
    for name in names:
        path = find_clip(name)
        inside = clips_in_folder(path) if path.is_dir() else [path]
        if not inside:
            raise EchoPilotError(f"{path} holds no clip")
        for clip in inside:
            given.setdefault(clip.resolve(), clip)  # a link keeps its name
            found.setdefault(clip.resolve(), clip.relative_to(path) if clip != path else Path(path.name))
    return [ClipFile(given[key], one_line(name, LONGEST_NAME)) for key, name in _told_apart(found).items()]


def _told_apart(names: dict[Path, Path]) -> dict[Path, Path]:
    """Names by path; where several are alike, each with as many of its folders as tell them apart."""
    shown = dict(names)
    while again := [path for path in shown if list(shown.values()).count(shown[path]) > 1]:
        for path in again:
            shown[path] = Path(*path.parts[-len(shown[path].parts) - 1 :])
    return shown


def _add(
    exam: ClipExam, file: ClipFile, perception: Perception, depth_m: float | None, mirror: bool, console: Console
) -> dict[str, Any]:
    """Read, perceive and evaluate one clip; its lines of the summary."""
    if is_recording(file.path):
        raise EchoPilotError(f"{file.name} is a recording of EchoPilot: its exam has a report (echopilot report)")
    clip, name = _opened(file.path, depth_m, mirror), file.name
    frames = track(exam.numbered(clip.frames()), total=len(clip), description=name, console=console, transient=True)
    results = [perception.see(frame) for frame in frames]
    facts = ClipFacts(name, clip.spacing_known, clip.times.known, clip.remarks)
    found = exam.add(facts, exam.numbered(clip.frames()), results)
    console.print(f"{name}: {found.evaluation.detail}", highlight=False, soft_wrap=True, markup=False)
    return {
        "clip": name,
        "frames": len(clip),
        "accepted": found.verdict.passed,
        "calibrated": clip.spacing_known,
        "scale_source": clip.scale_source,
        "frame_times_known": clip.times.known,
        **vote_line(found.vote),
        "detail": found.evaluation.detail,
        "findings": [finding_line(f) for f in found.evaluation.findings],
        "remarks": list(clip.remarks),
    }


def _opened(path: Path, depth_m: float | None, mirror: bool) -> Clip:
    """The clip; the depth counts where the file has no scale of its own."""
    clip = open_clip(path, None, mirror)
    if depth_m is None or clip.scale_source == SCALE_OF_FILE:
        return clip
    return open_clip(path, depth_m, mirror)


def _header(patient_id: str, files: Sequence[ClipFile]) -> RecordHeader:
    """Header of the record: the earliest date in the files, else the time of reading, and which of the two it is."""
    dates = [at for f in files if f.path.is_file() and (at := acquired_at(f.path)) is not None]
    started = min(dates) if dates else datetime.now(timezone.utc)
    return RecordHeader(
        patient_id=patient_id,
        protocol="clips",
        protocol_sha256="",
        started_utc=started.isoformat(timespec="seconds"),
        operator=account(),
        device=f"no robot: clips read on computer {node()}; date of {OF_FILES if dates else OF_READING}",
    )


def _numbers(folder: Path) -> list[dict[str, Any]]:
    """Numbers of the report, with unit and precision as in report.json."""
    rows = reportable(read_exam(folder).measurements)
    return [
        {"name": m.name, "value": stored(m, q), "unit": q.unit.value, "frames": list(m.frame_sequences)}
        for m, q in rows
    ]


def _content_sha256(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder in the order of their names."""
    file = split_topic(path)[0]
    sha = sha256()
    for part in sorted(p for p in file.rglob("*") if p.is_file()) if file.is_dir() else [file]:
        with part.open("rb") as opened:
            while piece := opened.read(PIECE_BYTES):
                sha.update(piece)
    return sha.hexdigest()
