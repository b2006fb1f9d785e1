"""Every reader of files is fuzzed, and no damaged file ends in anything but one clear line or a result."""

import ast
import importlib.util
from collections import Counter
from pathlib import Path

import pytest

from echopilot_lab.fuzzing.readers import run
from echopilot_lab.fuzzing.readers.registry import Reader, readers
from echopilot_lab.fuzzing.readers.run import FileCase, make_file_case, run_file_case, run_file_cases

SEED, CASES = 20, 500
ROOT = Path(__file__).resolve().parents[3]
SOURCES = [
    path
    for folder in (ROOT / "perception", ROOT / "control", ROOT / "ros2_ws" / "src")
    for path in folder.glob("**/echopilot_*/**/*.py")
    if "build" not in path.relative_to(ROOT).parts
]
NEEDS_MORE = {"EchoNet list", "EchoNet tracings", "index of a data set", "model description", "usgra-seg mask"}
"""Readers whose valid file alone is refused: they need a video, the same plan, hashed files, an image with a sector."""

PARSERS = {
    "json": {"load", "loads"},
    "yaml": {"load", "safe_load", "full_load", "unsafe_load", "parse", "compose"},
    "np": {"load", "loadtxt", "genfromtxt", "fromfile"},
    "ElementTree": {"parse", "fromstring", "XML"},
    "cv2": {"imread", "imdecode", "VideoCapture"},
    "csv": {"reader", "DictReader"},
    "tarfile": {"open"},
    "zipfile": {"ZipFile"},
    "pickle": {"load", "loads"},
    "torch": {"load"},
    "pydicom": {"dcmread"},
    "Image": {"open"},
    "nibabel": {"load"},
}
GUARDED = {
    "read_json",
    "read_json_lines",
    "parse_json",
    "read_yaml",
    "parse_yaml",
    "parse_xml",
    "read_arrays",
    "check_png",
}
GUARDED |= {"read_text", "read_bounded"}

NOT_OF_FILES = {
    "echopilot_report.page.live.foxglove_server": "own state, made by this process",
    "echopilot_report.page.live.image": "own message, made by this process",
    "echopilot_report.page.live.socket": "messages of a browser, limited by the page",
    "echopilot_bringup.bench_page": "answers of the page that it starts",
    "echopilot_bringup.hardware.bench": "file that its own process has just written",
    "echopilot_bringup.hardware.machine_watch": "answers of the processes that it starts",
    "echopilot_bringup.bench_graph": "file that its own process has just written",
    "echopilot_bringup.bench_kills": "file that its own processes have just written",
    "echopilot_bringup.runs.run_folder": "file that its own processes have just written",
    "echopilot_bringup.page_probe": "messages of the page that it watches",
    "echopilot_nodes.robot_bridge": "bounded text of a robot description, whose readers are listed",
    "echopilot_lab.calibration.tool": "bounded text of a robot description, whose readers are listed",
    "echopilot_nodes.bonds.state": "messages of processes with the same key, of bounded size",
    "echopilot_report.page.gate": "messages of a browser, limited by the page",
    "echopilot_report.page.access.audit": "own log, line by line",
    "echopilot_report.output": "own list of files, refused where it is none",
    "echopilot_lab.util.owned_files": "own list of files, refused where it is none",
    "echopilot_lab.records.truth_file": "file that a simulation has just written",
    "echopilot_lab.cli.report": "summary.json beside a record, guarded",
    "echopilot_scanner.grabber": "a device, no file; its images have one size",
    "echopilot_scanner.igtl.commands": "messages of a client, of bounded size",
    "echopilot_control.safety.latches": "own latches; unreadable ones stop",
    "echopilot_exam.record.recording": "exam.json that this exam has just written",
    "echopilot_lab.benchmarks.bmode_numpy": "output of its own process",
    "echopilot_lab.tasks": "own images and results, refused or made again where they do not fit",
    "echopilot_lab.finetuning.run": "own settings of an earlier run, refused where they differ",
    "echopilot_lab.benchmarks.pymust": "file that its own process has just written",
    "echopilot_lab.trials.trial_video": "result and images that this run has just made",
    "echopilot_lab.models.reports": "model.yaml after read_manifest has checked it",
    "echopilot_exam.suspicion.table": "shipped file of the package",
    "echopilot_report.grading.wording": "shipped file of the package",
    "echopilot_perception.training.augmentation.style_bank": "shipped file of the package",
    "echopilot_core.kernels.cache": "own cache, refused unless its digest is right",
    "echopilot_lab.realism.scenes": "files of the benchmark, named by it",
    "echopilot_core.guarded": "the guarded readers themselves",
    "echopilot_lab.fuzzing": "valid files, made in memory",
    "echopilot_perception.frames": "clips: fuzzed as clips and frames (fuzzing/cases.py)",
    "echopilot_perception.model.echocare": "fuzzed by tests/perception/model, needs the extra train",
    "echopilot_perception.pretraining.data.store": "own store, refused where its files do not fit each other",
    "echopilot_perception.training.checkpoint": "fuzzed by tests/perception/model, needs the extra train",
    "echopilot_report.deidentify": "DICOM of other makers, refused file by file",
    "echopilot_report.dicom.association": "DICOM objects, refused one by one",
    "echopilot_report.dicom.network": "DICOM objects and the journal beside them, refused one by one",
    "echopilot_lab.datasets.index": "in the list; its README shows users how to read a shard",
}


def module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    first = max(k for k, part in enumerate(parts) if part.startswith("echopilot_"))
    while first and parts[first - 1].startswith("echopilot_"):
        first -= 1
    names = list(parts[first:])
    if len(names) > 1 and names[0] == names[1]:
        del names[0]
    return ".".join(names).removesuffix(".__init__")


def parses(path: Path) -> set[str]:
    """Calls in a file that read or parse."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in PARSERS.get(module, ()):
                found.add(f"{module}.{name}")
            case ast.Name(id=name) if name in GUARDED | {"dcmread"}:
                found.add(name)
    return found


def test_every_module_that_parses_files_is_in_the_list_or_says_why_not() -> None:
    listed = {source for reader in readers() for source in reader.source}
    missing = {
        module: calls
        for path in SOURCES
        if (calls := parses(path))
        and (module := module_of(path)) not in listed
        and not any(module == name or module.startswith(f"{name}.") for name in NOT_OF_FILES)
    }
    assert not missing, f"add them to echopilot_lab/fuzzing/readers/registry.py: {missing}"


def test_listed_sources_exist_and_no_exception_is_stale() -> None:
    for reader in readers():
        assert all(importlib.util.find_spec(source) for source in reader.source), reader.name
    modules = {module_of(path) for path in SOURCES if parses(path)}
    assert all(any(m == name or m.startswith(f"{name}.") for m in modules) for name in NOT_OF_FILES)


def test_text_is_parsed_by_the_guarded_readers_alone() -> None:
    raw = {"json.load", "json.loads", "yaml.safe_load", "yaml.load", "np.load", "ElementTree.fromstring"}
    found = {module_of(path) for path in SOURCES if parses(path) & raw}
    allowed = ("own", "messages", "answers", "output", "file that", "the guarded", "valid files")
    assert found <= {
        m for m in found for name, why in NOT_OF_FILES.items() if m.startswith(name) and why.startswith(allowed)
    }


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_the_valid_file_is_read(reader: Reader, tmp_path: Path) -> None:
    outcome = run_file_case(FileCase(0, reader, reader.data), tmp_path / "case")
    assert not outcome.fault
    assert outcome.refused == (reader.name in NEEDS_MORE)


def test_damaged_files_end_in_one_clear_line_or_a_result(tmp_path: Path) -> None:
    outcomes = list(run_file_cases(SEED, range(CASES), tmp_path))
    refused = sum(o.refused for o in outcomes)
    longest, most = max(outcomes, key=lambda o: o.cpu_s), max(outcomes, key=lambda o: o.peak_mb)
    print(f"seed {SEED}: {refused} of {CASES} refused; longest {longest.cpu_s:.2f} s ({longest.reader}), "
          f"most memory {most.peak_mb:.0f} MB ({most.reader})")  # fmt: skip
    faults = [f"case {o.number} ({o.reader}): {o.fault}" for o in outcomes if o.fault]
    assert not faults, "; ".join(faults)
    assert CASES / 10 < refused < 0.9 * CASES  # neither all nonsense nor all harmless


def test_a_case_is_the_same_every_time_and_every_reader_has_its_turn() -> None:
    turns = Counter(make_file_case(SEED, number).reader.name for number in range(len(readers())))
    assert set(turns.values()) == {1}
    assert all(make_file_case(SEED, n).data == make_file_case(SEED, n).data for n in range(80))


@pytest.mark.parametrize(("limit", "words"), [("MAX_CPU_S", "took .* s"), ("MAX_MB", "took .* MB")])
def test_time_and_memory_beyond_the_limit_are_faults(
    limit: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import re

    monkeypatch.setattr(run, limit, -1.0)
    reader = next(r for r in readers() if r.name == "zones")
    assert re.fullmatch(words, run_file_case(FileCase(0, reader, reader.data), tmp_path / "case").fault)


def test_a_traceback_is_a_fault(tmp_path: Path) -> None:
    def broken(path: Path) -> object:
        raise RecursionError("too\ndeep")

    reader = Reader("x", "x.json", b"", lambda _, data: data, broken, ())
    assert run_file_case(FileCase(0, reader, b""), tmp_path / "case").fault == "RecursionError: too"
