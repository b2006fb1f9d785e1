"""Figures of README, docs and model card against their files in docs/figures; new results into a file and the pages.

A comment `<!-- figures: NAME.ROWS ... -->` stands before a table or a paragraph: its lines with digits are, in order,
the `rows` ROWS of docs/figures/NAME.json with the `values` filled in. `--write` fills them in again;
`--add NAME RESULT.json --command "..."` takes new results into a file first.
"""

import argparse
import hashlib
import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "figures"
MODEL = ROOT / "perception" / "echopilot_perception" / "models" / "edge"
PROTOCOLS = ROOT / "ros2_ws" / "src" / "echopilot_exam" / "echopilot_exam" / "protocols"
KEYS = ("command", "commit", "model_sha256", "protocol_sha256", "seeds", "date", "machine", "stale", "values", "rows")
MARKER = re.compile(r"<!-- figures: ([^>]*?) -->")
NO_FIGURES = re.compile(r"<!-- no figures: ([^>]+?) -->")
CAPTION = re.compile(r"\*\*[^*]*\*\* \(.*`.*\)")
RULE = re.compile(r"\|[\s:|-]+\|")
MEASURED = re.compile(r"(?<![\w.])[~<>]?[-\u2212]?\d[\d.,]* ?(%|mm|m|ms|s|min|N|deg|points|MB|Hz|dB|core)?(?![\w])")
FIRST_RESERVED_SEED = 1_000_000


def pages() -> list[Path]:
    """README, docs and the card of the shipped model."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), MODEL / "MODEL_CARD.md"]


def shipped_model() -> str:
    """SHA-256 of the shipped network."""
    return str(yaml.safe_load((MODEL / "model.yaml").read_text())["sha256"]["model.onnx"])


def protocol_hashes(names: list[str]) -> dict[str, str]:
    """SHA-256 of shipped protocols by name."""
    return {name: hashlib.sha256((PROTOCOLS / f"{name}.yaml").read_bytes()).hexdigest() for name in names}


def read(name: str) -> dict[str, Any]:
    """One file of figures; ValueError with one line for a file that is missing or incomplete."""
    path = FIGURES / f"{name}.json"
    if not path.is_file():
        raise ValueError(f"{path.relative_to(ROOT)} does not exist")
    document: dict[str, Any] = json.loads(path.read_text())
    missing = [key for key in KEYS if key not in document]
    if missing:
        raise ValueError(f"{path.relative_to(ROOT)} lacks {', '.join(missing)}")
    return document


def rendered(name: str, rows: str) -> list[str]:
    """Lines of a page from a file; ValueError for rows or values that it does not hold."""
    document = read(name)
    lines = document["rows"].get(rows)
    if lines is None:
        raise ValueError(f"docs/figures/{name}.json has no rows '{rows}'")
    stale = document["stale"]
    values = document["values"] | {"measured": f"measured with {stale['version']}" if stale else ""}
    try:
        return [str(line).format_map(values) for line in lines]
    except (KeyError, ValueError) as error:
        raise ValueError(f"docs/figures/{name}.json, rows '{rows}': no value {error}") from error


def problems_of_file(name: str) -> Iterator[str]:
    """What makes the figures of a file false today."""
    document, where = read(name), f"docs/figures/{name}.json"
    stale = document["stale"]
    seeds = [int(seed) for seed in document["seeds"]]
    if any(seed >= FIRST_RESERVED_SEED for seed in seeds):
        yield f"{where}: seeds from {FIRST_RESERVED_SEED} are kept for independent checks"
    if stale:
        if not stale.get("reason") or not stale.get("version"):
            yield f"{where}: stale figures need a version and a reason"
        if any("{measured}" not in "".join(lines) for lines in document["rows"].values()):
            yield f"{where}: stale figures must be shown as such: {{measured}} in each group of rows"
        return
    if document["model_sha256"] not in ("", shipped_model()):
        measured, shipped = document["model_sha256"][:12], shipped_model()[:12]
        yield f"{where}: model {measured} was measured, {shipped} ships; measure again"
    for protocol, found in document["protocol_sha256"].items():
        if found != protocol_hashes([protocol])[protocol]:
            yield f"{where}: protocol {protocol} has changed since; measure again"


def blocks(lines: list[str]) -> Iterator[tuple[int, int, list[str]]]:
    """Start, end and names of every marked table or paragraph; a blank line or the end ends it."""
    for at, line in enumerate(lines):
        if found := MARKER.fullmatch(line.strip()):
            end = next((k for k in range(at + 1, len(lines)) if not lines[k].strip()), len(lines))
            yield at + 1, end, found[1].split()


def figure_lines(lines: list[str], start: int, end: int) -> list[int]:
    """Lines of a block that hold figures: all but the head of a table, and sentences without a digit."""
    head = 2 if start + 1 < end and RULE.fullmatch(lines[start + 1].strip()) else 0
    return [k for k in range(start + head, end) if any(c.isdigit() for c in lines[k])]


def expected_lines(names: list[str]) -> list[str]:
    """What a block must hold, of all its files in order."""
    return [line for name in names for line in rendered(*(name.split(".") if "." in name else (name, "readme")))]


def unmarked(lines: list[str], page: Path) -> Iterator[int]:
    """Rows of figures outside marked blocks: of every table, and every line below README's heading Measured."""
    covered = {k for start, end, _ in blocks(lines) for k in range(start - 1, end)}
    exempt, in_code, measured = False, False, False
    for k, line in enumerate(lines):
        in_code ^= line.lstrip().startswith("```")
        if NO_FIGURES.fullmatch(line.strip()):
            exempt = True
        elif not line.strip():
            exempt = False
        if line.startswith("## "):
            measured = page.name == "README.md" and line.strip() == "## Measured"
        if k in covered or exempt or in_code or MARKER.search(line):
            continue
        row = line.startswith("|") and not RULE.fullmatch(line.strip()) and _is_measured(line)
        sentence = measured and any(c.isdigit() for c in line) and not (line[0] in "!#|" or CAPTION.fullmatch(line))
        if row or sentence:
            yield k


def _is_measured(row: str) -> bool:
    return any(MEASURED.match(cell.strip()) for cell in row.strip("| \n").split("|")[1:])


def check(write: bool = False) -> list[str]:
    """One line per problem; with `write` the pages get the lines of the files first."""
    found, used = [], set[str]()
    for page in pages():
        lines = page.read_text(encoding="utf-8").splitlines()
        name = str(page.relative_to(ROOT))
        for start, end, names in blocks(lines):
            used |= {name.split(".")[0] for name in names}
            try:
                expected, places = expected_lines(names), figure_lines(lines, start, end)
            except ValueError as error:
                found.append(f"{name}:{start}: {error}")
                continue
            if len(expected) != len(places):
                found.append(f"{name}:{start}: {len(places)} lines with figures, {len(expected)} in {', '.join(names)}")
                continue
            for k, line in zip(places, expected, strict=True):
                if write:
                    lines[k] = line
                elif lines[k] != line:
                    found.append(f"{name}:{k + 1}: differs from {', '.join(names)}: {line}")
        found += [f"{name}:{k + 1}: a row of figures without a file: {lines[k][:80]}" for k in unmarked(lines, page)]
        if write:
            page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path in sorted(FIGURES.glob("*.json")):
        try:
            found += problems_of_file(path.stem)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found.append(f"docs/figures/{path.name}: {error}")
        if path.stem not in used:
            found.append(f"docs/figures/{path.name}: no page shows it")
    return found


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Numbers and short words of a result by their path, joined by underscores."""
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in flat(inner, f"{prefix}{key}_").items()}
    if isinstance(value, list):
        return {k: v for n, inner in enumerate(value[:50]) for k, v in flat(inner, f"{prefix}{n}_").items()}
    return {re.sub(r"\W", "_", prefix.rstrip("_")): value}


def add(name: str, result: Path, command: str, protocols: list[str], seeds: list[int]) -> None:
    """Put the values of a result into the file NAME, with commit, model, protocols, date and machine of today."""
    path = FIGURES / f"{name}.json"
    before = json.loads(path.read_text()) if path.is_file() else {"rows": {}, "command": ""}
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    document = {
        "command": command or before["command"],
        "commit": head.stdout.strip(),
        "model_sha256": shipped_model(),
        "protocol_sha256": protocol_hashes(protocols),
        "seeds": seeds,
        "date": date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}",
        "stale": None,
        "values": flat(json.loads(result.read_text())),
        "rows": before["rows"],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    """Print the problems; 0 when there are none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="fill the figures of the files into the pages")
    parser.add_argument("--add", nargs=2, metavar=("NAME", "RESULT"), help="take a result into a file, then --write")
    parser.add_argument("--command", default="", help="command that made the result")
    parser.add_argument("--protocol", action="append", default=[], help="protocol that was run; may be repeated")
    parser.add_argument("--seed", action="append", default=[], type=int, help="first and last seed")
    arguments = parser.parse_args()
    if arguments.add:
        add(arguments.add[0], Path(arguments.add[1]), arguments.command, arguments.protocol, arguments.seed)
    found = check(arguments.write or bool(arguments.add))
    print("\n".join(found) or f"figures of {len(pages())} pages are those of docs/figures")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
