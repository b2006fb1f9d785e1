"""Page of labeled real images for people to look at: one HTML file that holds everything and loads nothing."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from echopilot_core import EchoPilotError, FindingKind, View, WriteError
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_lab.evaluation.real.observe import FrameAnswer, SeenFile
from echopilot_lab.evaluation.real.table import rows
from echopilot_lab.evaluation.real.verdict import AnswerFault, faults, praise
from echopilot_lab.util.atomic_output import whole_file
from echopilot_perception.anomaly.thresholds import SCORES
from echopilot_report.images.overlay import PALETTE_RGB

MARK = "<!doctype html>\n<!-- EchoPilot: real images -->\n"
LIMIT = SCORES[FindingKind.WRONG_ORGAN].raise_at
TONES = {
    "right": ("#2c7a56", "named right"),
    "nearly-right": ("#9fcab5", "nearest right"),
    "nearly-wrong": ("#e6b9b4", "nearest wrong"),
    "wrong": ("#b3392f", "named wrong"),
    "quiet": ("#d5dbe1", "not named, which is right"),
}
"""Color and words of a frame in the course of a clip."""
LINES = {"foreignness": "#a6541a", "quality": "#1f5f8b"}
COURSE_PX, LINES_PX = 1180, (16, 45)
"""Width of the course of a clip; where its scale of 1 to 0 begins and ends."""
SECTIONS = ("Clips", "Stills", "None of the views", "Foreign")


@dataclass(frozen=True)
class Origin:
    """Where the images and the answers come from."""

    folder: str
    model_id: str
    sha256: str


def check_page(path: Path) -> None:
    """Raise EchoPilotError where a page cannot go: a folder, or a file that is no such page and would be lost."""
    if path.is_dir():
        raise EchoPilotError(f"{path} is a folder; give the name of an HTML file")
    if path.exists() and not (path.is_file() and path.read_bytes()[: len(MARK)] == MARK.encode()):
        raise EchoPilotError(f"{path} exists and is no page of real images; give another name")


def write_page(path: Path, files: Sequence[SeenFile], figures: dict[str, Any], origin: Origin) -> None:
    """Write the page; WriteError where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as draft:
            draft.write_text(page_html(files, figures, origin), encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror or error}") from error


def page_html(files: Sequence[SeenFile], figures: dict[str, Any], origin: Origin) -> str:
    """The page: figures, then every file with its images, faults first told and never hidden."""
    cards = [_card(file) for file in sorted(files, key=_section)]
    counts = Counter(fault.name for card in cards for fault in card["faults"])
    used = {tissue for file in files for image in file.images for tissue in image.classes}
    environment = Environment(
        loader=PackageLoader("echopilot_lab", "evaluation/real"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return MARK + environment.get_template("page.html.j2").render(
        notice=RESEARCH_SENTENCE,
        origin=origin,
        figures=rows(figures),
        sections=[(name, list(group)) for name, group in groupby(cards, key=lambda card: str(card["section"]))],
        filters=[(fault.name.lower(), fault.value, counts[fault.name]) for fault in AnswerFault if counts[fault.name]],
        total=len(cards),
        faulty=sum(bool(card["faults"]) for card in cards),
        classes=[(t.name.replace("_", " "), "#{:02x}{:02x}{:02x}".format(*PALETTE_RGB[t])) for t in sorted(used)],
        limit=LIMIT,
        tones=TONES,
        lines=LINES,
        course_px=COURSE_PX,
        levels=[round(_height(level), 1) for level in (LIMIT, 0.0)],
    )


def _section(file: SeenFile) -> int:
    if not file.row.is_heart:
        return 3 if file.row.foreign else 2
    return int(file.is_still)


def _card(file: SeenFile) -> dict[str, Any]:
    row = file.row
    label = row.view if row.is_heart else ("foreign" if row.foreign else "none of the views")
    frames = [
        {
            "plain": base64.b64encode(image.plain).decode(),
            "outlined": base64.b64encode(image.outlined).decode(),
            "index": image.index,
            "words": frame_words(file.frames[image.index]),
        }
        for image in file.images
    ]
    return {
        "section": SECTIONS[_section(file)],
        "name": row.name,
        "label": label,
        "note": row.note,
        "effusion": row.effusion,
        "faults": faults(file),
        "praise": praise(file),
        "refusal": file.refusal,
        "frames": frames,
        "count": len(file.frames),
        "facts": [] if file.refusal else _facts(file),
        "strip": _strip(file) if len(file.frames) > 1 else None,
    }


def frame_words(frame: FrameAnswer) -> tuple[str, str]:
    """The view in one line, and the numbers in another."""
    likely = "<1%" if frame.nearest_probability < 0.005 else f"{frame.nearest_probability:.0%}"
    view = f"{'nearest ' if frame.view is View.NONE else ''}{frame.nearest_view.name} {likely}"
    return view, f"quality {frame.quality:.2f} · foreignness {frame.ood:.2f}"


def _facts(file: SeenFile) -> list[tuple[str, str]]:
    answer = file.answer
    voters = f" by {answer.beats} beats" if answer.beats else ""
    found = [
        ("view", f"{answer.view.name}{voters}"),
        ("nearest in most frames", f"{file.nearest}, {_share(file):.0%} of {len(file.frames)}"),
        ("quality", f"{np.mean([f.quality for f in file.frames]):.2f}"),
        ("foreignness", f"{file.ood:.2f}"),
        ("findings", ", ".join(k.name.replace("_", " ").lower() for k in sorted(file.findings)) or "none"),
    ]
    if file.is_still:
        del found[1:4]  # they stand below the image
    if file.gray is not None:
        found.append(("gray levels move", f"foreignness {file.gray.ood:.2f}, quality {file.gray.quality:.2f}"))
    found += [(f"Dice {d.tissue.name}, frame {d.frame}", f"{d.dice:.2f}") for d in file.dice]
    found.append(("scale", "known" if file.calibrated else "not known"))
    return found


def _share(file: SeenFile) -> float:
    """Share of the frames whose nearest view is the file's."""
    names = [file.row.view if f.nearest_view in file.row.views else f.nearest_view.name for f in file.frames]
    return names.count(file.nearest) / len(names)


def _strip(file: SeenFile) -> dict[str, Any]:
    """Course over the clip: runs of right and wrong frames, and lines of foreignness and quality."""
    tones = [_tone(file, frame) for frame in file.frames]
    runs, start = [], 0
    for tone, group in groupby(tones):
        length = len(list(group))
        runs.append((start, length, TONES[tone][0]))
        start += length
    last = max(len(tones) - 1, 1)
    values = {"foreignness": [f.ood for f in file.frames], "quality": [f.quality for f in file.frames]}
    lines = {
        name: " ".join(f"{COURSE_PX * k / last:.1f},{_height(value):.1f}" for k, value in enumerate(rows))
        for name, rows in values.items()
    }
    step = COURSE_PX / len(tones)
    boxes = [(f"{step * start:.1f}", f"{step * length:.1f}", color) for start, length, color in runs]
    return {"runs": boxes, "frames": len(tones), **lines}


def _height(value: float) -> float:
    """From the top [px]: 1 at LINES_PX, 0 at the bottom."""
    return LINES_PX[0] + (1.0 - value) * (LINES_PX[1] - LINES_PX[0])


def _tone(file: SeenFile, frame: FrameAnswer) -> str:
    """Of a heart: nearest view right or wrong, stronger where it is named; of the others: named, which is wrong."""
    is_named = frame.view is not View.NONE
    if not file.row.is_heart:
        return "wrong" if is_named else "quiet"
    if is_named:
        return "right" if frame.view in file.row.views else "wrong"
    return "nearly-right" if frame.nearest_view in file.row.views else "nearly-wrong"
