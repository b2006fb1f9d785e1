"""How frames agree on a finding."""

from dataclasses import replace
from functools import reduce
from math import nan

import numpy as np
import pytest
from anomaly_frames import FRAME_NS, aorta, aorta_clip, box, result, ventricle

from echopilot_core import Finding, FindingKind, View
from echopilot_perception.anomaly import TrackedFindings, findings_of_clip, follow
from echopilot_perception.anomaly.thresholds import ABOUT_THE_IMAGE, SIZES
from echopilot_perception.anomaly.window_evidence import combine, frame_evidence

ANEURYSM, FLAP, THROMBUS = FindingKind.ANEURYSM_ABDOMINAL, FindingKind.DISSECTION_FLAP, FindingKind.THROMBUS
SECOND = 30


def run(frames) -> TrackedFindings:
    return reduce(follow, frames, TrackedFindings())


def only(findings: tuple[Finding, ...], kind: FindingKind) -> Finding:
    (found,) = (f for f in findings if f.kind is kind)
    return found


def test_one_frame_alone_never_raises() -> None:
    boxes = tuple(box(kind, 1.0) for kind in FindingKind)
    for view in View:
        assert findings_of_clip([result(0, view, (aorta(0, 0.07).measurements), boxes)]) == ()
    lonely = [result(i, View.AORTA_TRANS, boxes=boxes if i == 30 else ()) for i in range(60)]
    spike = aorta_clip([0.07 if i == 30 else 0.02 for i in range(60)])
    assert findings_of_clip(lonely) == findings_of_clip(spike) == ()


def test_a_second_of_agreement_raises_and_names_the_most_telling_frames() -> None:
    scores = [0.7 + 0.2 * (i == 11) + 0.1 * (i == 4) for i in range(SECOND)]
    frames = [result(i, View.AORTA_LONG, boxes=(box(FLAP, s),)) for i, s in enumerate(scores)]
    found = only(findings_of_clip(frames), FLAP)
    assert found.frame_sequences[:2] == (11, 4)
    assert found.view is View.AORTA_LONG and found.probability == pytest.approx(0.7)
    assert found.borderline and found.text.startswith("Borderline") and "needs review" in found.text
    wide = [0.034 + 0.0001 * abs(i - 20) for i in range(40)]
    measured = only(findings_of_clip(aorta_clip(wide)), ANEURYSM)
    median = float(np.median([wide[s] for s in range(40)][10:]))
    gaps = [abs(wide[s] - median) for s in measured.frame_sequences]
    assert len(gaps) == 5 and gaps[0] == min(gaps)


@pytest.mark.parametrize("spoiled", [{"coupling": 0.03}, {"coupling": 0.4}, {"ood": 0.97}])
def test_a_lifted_probe_or_a_foreign_image_never_raises_a_finding_of_the_body(spoiled: dict[str, float]) -> None:
    boxes = tuple(box(kind, 1.0) for kind in FindingKind)
    for view in View:
        frames = [result(i, view, aorta(i, 0.07).measurements, boxes, **spoiled) for i in range(60)]
        kinds = {f.kind for f in findings_of_clip(frames)}
        assert kinds <= ABOUT_THE_IMAGE
        assert (FindingKind.NO_CONTACT in kinds) == (spoiled.get("coupling", 1.0) < 0.2)
        assert (FindingKind.WRONG_ORGAN in kinds) == ("ood" in spoiled)


def test_the_order_of_frames_inside_a_window_does_not_change_the_verdict() -> None:
    seed = int(np.random.default_rng().integers(1 << 31))
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    for _ in range(20):
        frames = [
            result(i, View.AORTA_TRANS, aorta(i, v).measurements, (box(FLAP, s), box(THROMBUS, 1.0 - s)), quality=q)
            for i, (v, s, q) in enumerate(rng.uniform([0.02, 0.0, 0.3], [0.04, 1.0, 1.0], (SECOND, 3)))
        ]
        order = rng.permutation(SECOND)
        moved = [replace(frames[j], stamp_ns=frames[i].stamp_ns) for i, j in enumerate(order)]
        for kind in (ANEURYSM, FLAP, THROMBUS):
            assert repr(combine([frame_evidence(s) for s in moved], kind)) == repr(
                combine([frame_evidence(s) for s in frames], kind)
            )


def test_many_correlated_frames_are_not_surer_than_one_of_them() -> None:
    few = only(findings_of_clip(aorta_clip([0.031] * SECOND)), ANEURYSM)
    many = only(findings_of_clip(aorta_clip([0.031] * (20 * SECOND))), ANEURYSM)
    single = combine([frame_evidence(aorta(i, 0.031)) for i in range(5)], ANEURYSM)
    assert single is not None
    assert few.probability == pytest.approx(many.probability) == pytest.approx(single.probability)


def test_a_wider_vessel_never_lowers_the_probability_of_a_clip() -> None:
    seed = int(np.random.default_rng().integers(1 << 31))
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    for _ in range(5):
        values = rng.uniform(0.026, 0.034) + rng.normal(0.0, 0.0015, 2 * SECOND)
        before = 0.0
        for wider in np.arange(0.0, 0.010, 0.002):
            found = [f.probability for f in findings_of_clip(aorta_clip(values + wider)) if f.kind is ANEURYSM]
            now = found[0] if found else 0.0
            assert now >= before
            before = now


def test_a_raised_finding_outlasts_a_dip_and_goes_when_the_evidence_goes() -> None:
    def flap(i: int, score: float):
        return result(i, View.AORTA_TRANS, boxes=(box(FLAP, score),))

    never = run([flap(i, 0.5) for i in range(SECOND)])
    assert never.now == ()
    up = run([flap(i, 0.8) for i in range(SECOND)])
    assert [f.kind for f in up.now] == [FLAP]
    dip = reduce(follow, [flap(SECOND + i, 0.5) for i in range(SECOND)], up)
    assert [f.kind for f in dip.now] == [FLAP]
    gone = reduce(follow, [flap(2 * SECOND + i, 0.2) for i in range(SECOND)], dip)
    assert gone.now == () and [f.kind for f in gone.ever] == [FLAP]
    low = SIZES[ANEURYSM].low
    assert run(aorta_clip([low - 0.0005] * SECOND)).now == ()
    kept = run(aorta_clip([0.031] * SECOND + [low - 0.0005] * SECOND))
    assert [f.kind for f in kept.now] == [ANEURYSM]
    assert run(aorta_clip([0.031] * SECOND + [0.024] * SECOND)).now == ()


def test_not_finite_and_stale_frames_say_nothing() -> None:
    assert findings_of_clip([aorta(i, nan) for i in range(60)]) == ()
    assert findings_of_clip([aorta(i, 0.05, nan) for i in range(60)]) == ()
    assert findings_of_clip([replace(aorta(i, 0.05), coupling=np.full(16, nan)) for i in range(60)]) == ()
    assert findings_of_clip([]) == ()
    frozen = [replace(aorta(i, 0.05), stamp_ns=7) for i in range(200)]
    assert run(frozen).now == () and len(run(frozen).window) == 1
    state = run(aorta_clip([0.05] * SECOND))
    assert follow(state, aorta(3, 0.02)) is state
    gap = [replace(aorta(i, 0.05), stamp_ns=i * 2_000_000_000) for i in range(50)]
    assert run(gap).ever == ()


def test_a_restarted_clock_begins_anew() -> None:
    late = [replace(s, stamp_ns=s.stamp_ns + 10**12) for s in aorta_clip([0.05] * SECOND)]
    state = reduce(follow, aorta_clip([0.02] * SECOND), run(late))
    assert state.now == () and len(state.window) == SECOND
    assert [f.kind for f in state.ever] == [ANEURYSM]


def test_frames_of_other_views_neither_support_nor_dilute() -> None:
    mixed = [aorta(i, 0.036) if i % 3 else result(i, View.A4C) for i in range(60)]
    assert only(findings_of_clip(mixed), ANEURYSM).frame_sequences[0] % 3
    missing = [aorta(i, 0.036) if i % 3 == 0 else result(i, View.AORTA_TRANS) for i in range(60)]
    assert findings_of_clip(missing) == ()


def test_findings_of_a_clip_come_with_the_most_probable_first() -> None:
    frames = [result(i, View.AORTA_TRANS, aorta(i, 0.031).measurements, (box(FLAP, 0.99),)) for i in range(60)]
    found = findings_of_clip(frames)
    assert [f.kind for f in found] == [FLAP, ANEURYSM]
    assert [f.probability for f in found] == sorted((f.probability for f in found), reverse=True)


def test_a_normal_clip_raises_nothing() -> None:
    assert findings_of_clip(aorta_clip([0.021] * 60)) == ()
    assert findings_of_clip([ventricle(i, 0.62) for i in range(120)]) == ()
    assert FRAME_NS * SECOND < 1e9
