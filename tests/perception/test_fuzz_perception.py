"""Whatever comes in, perception answers in one clear line or with a valid result, soon."""

from collections import Counter
from pathlib import Path

import pytest

from echopilot_lab.fuzzing.cases import make_case
from echopilot_lab.fuzzing.run import run_cases
from echopilot_perception.pipeline import Perception

SEED = 20
CASES = 500


def test_cases_end_in_one_clear_line_or_a_valid_result(tmp_path: Path) -> None:
    perception = Perception(runtime="onnxruntime")
    outcomes = list(run_cases(SEED, range(CASES), perception, tmp_path))
    perception.close()
    print(f"seed {SEED}: {sum(o.refused for o in outcomes)} of {CASES} refused")
    faults = [f"case {o.number} ({o.what}): {o.fault}" for o in outcomes if o.fault]
    assert not faults, "; ".join(faults) + f"; replay: echopilot bench fuzz --seed {SEED} --case N"
    assert CASES / 10 < sum(o.refused for o in outcomes) < 0.9 * CASES  # neither all nonsense nor all harmless


def test_a_case_is_the_same_every_time_and_all_kinds_occur() -> None:
    kinds = Counter()
    for number in range(200):
        case, again = make_case(SEED, number), make_case(SEED, number)
        assert (case.what, case.data) == (again.what, again.data)
        kinds[case.what.split()[-1] if case.frame is None else "frame"] += 1
    assert {"frame", "damaged", "tags", "is"} <= set(kinds)


def test_a_fault_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    class Broken:
        def see(self, frame: object) -> None:
            raise ZeroDivisionError("two\nlines")

    numbers = [number for number in range(200) if make_case(SEED, number).frame is not None][:3]
    outcomes = list(run_cases(SEED, numbers, Broken(), tmp_path))  # type: ignore[arg-type]
    assert [o.fault for o in outcomes] == ["ZeroDivisionError: two"] * 3
    assert not any(o.refused for o in outcomes)


@pytest.mark.parametrize("line", ["", "two\nlines", "x" * 500])
def test_anunclear_line_counts_as_a_fault(line: str) -> None:
    from echopilot_lab.fuzzing.run import unclear

    assert unclear(line)
    assert not unclear("clip.dcm is not a readable DICOM clip: it breaks off")
