"""Images with masks from disk land in place and at scale; what is not told stays unknown; bad files are one line."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_data import camus_patient, echonet, usgra

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_perception import grid
from echopilot_perception.training import Sample, stack
from echopilot_perception.training.readers import read_camus, read_camus_info, read_echonet, read_usgra

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "ultrasound" / "vascular"
VOLUME = 2  # of Sample.sizes


def area_m2(sample: Sample, tissue: SegmentationClass) -> float:
    return int((sample.labels == tissue).sum()) * grid.STANDARD.spacing_m**2


def centre_m(sample: Sample, tissue: SegmentationClass) -> tuple[float, float]:
    rows, columns = np.nonzero(sample.labels == tissue)
    return float(grid.STANDARD.x_m[columns].mean()), float(grid.STANDARD.y_m[rows].mean())


def scale_of(sample: Sample, row_m: float = 0.4e-3) -> float:
    """Lengths in the CAMUS image over those in the sample: by the middle of its LV; the face lies in row 4."""
    return (200 - 4) * row_m / centre_m(sample, SegmentationClass.LV)[1]


def test_camus_keeps_millimeters_and_sides(tmp_path: Path) -> None:
    samples = list(read_camus(camus_patient(tmp_path)))
    assert [s.view for s in samples] == [View.A2C, View.A2C, View.A4C, View.A4C]
    end_diastole, end_systole = samples[:2]
    assert area_m2(end_systole, SegmentationClass.LV) < area_m2(end_diastole, SegmentationClass.LV)
    x, _ = centre_m(end_diastole, SegmentationClass.LV)
    scale = scale_of(end_diastole)
    assert 0.8 < scale < 1.0  # the sector is about 140 mm deep
    assert scale**2 * area_m2(end_diastole, SegmentationClass.LV) == pytest.approx(np.pi * 0.032 * 0.016, rel=0.06)
    assert abs(x) < 0.001
    left_m = scale * centre_m(end_diastole, SegmentationClass.LA)[0]
    assert left_m == pytest.approx(-10 * 0.4e-3, abs=0.0015)  # left of the middle
    dark = end_diastole.image[::2, ::2][end_diastole.labels == SegmentationClass.LV]
    assert dark.mean() < 40


def test_camus_pixels_need_not_be_square(tmp_path: Path) -> None:
    sample = next(read_camus(camus_patient(tmp_path, spacing_mm=(0.4, 0.3))))
    scale = scale_of(sample, row_m=0.3e-3)
    assert scale**2 * area_m2(sample, SegmentationClass.LV) == pytest.approx(np.pi * 0.032 * 0.016 * 0.75, rel=0.06)


def test_camus_background_is_unknown_inside_the_fan_and_known_outside(tmp_path: Path) -> None:
    sample = next(read_camus(camus_patient(tmp_path)))
    assert set(np.unique(sample.labels)) == {
        0,
        SegmentationClass.LV,
        SegmentationClass.LV_MYO,
        SegmentationClass.LA,
        255,
    }
    shown = sample.image[::2, ::2] > 0
    assert (sample.labels[shown] == 0).mean() < 0.02
    assert (sample.labels[0] == 0).mean() > 0.9 and (sample.labels[: grid.CELLS // 2, 0] == 0).all()


def test_what_camus_does_not_tell_is_not_known(tmp_path: Path) -> None:
    sample = next(read_camus(camus_patient(tmp_path)))
    assert np.isnan(sample.quality) and np.isnan(sample.coupling).all() and np.isnan(sample.sizes).all()
    assert not sample.guidance_valid.any() and not sample.landmarks_known and not sample.calm_known
    assert (sample.disease == 255).all()


def test_camus_half_sequences_give_every_frame(tmp_path: Path) -> None:
    areas = [area_m2(s, SegmentationClass.LV) for s in read_camus(camus_patient(tmp_path), sequences=True)]
    assert len(areas) == 6 and areas[0] > areas[1] > areas[2]


def test_camus_info_is_read(tmp_path: Path) -> None:
    info = read_camus_info(camus_patient(tmp_path) / "patient0001" / "Info_4CH.cfg")
    assert (info.ejection_fraction_pct, info.ed_frame, info.es_frame, info.quality) == (54.0, 1, 3, "Good")


def test_camus_errors_are_one_line(tmp_path: Path) -> None:
    import nibabel

    with pytest.raises(EchoPilotError, match="holds no patientNNNN"):
        next(read_camus(tmp_path))
    home = camus_patient(tmp_path) / "patient0001"
    truth = home / "patient0001_2CH_ED_gt.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.zeros((360, 399), np.uint8), np.eye(4)), truth)
    with pytest.raises(EchoPilotError, match=r"size \(400, 360\), its mask \(399, 360\)"):
        next(read_camus(tmp_path))
    nibabel.save(nibabel.Nifti1Image(np.full((360, 400), 7, np.uint8), np.eye(4)), truth)
    with pytest.raises(EchoPilotError, match=r"labels \[7\] are unknown; .* 3 LA"):
        next(read_camus(tmp_path))
    truth.write_bytes(b"no volume")
    with pytest.raises(EchoPilotError, match="cannot be read"):
        next(read_camus(tmp_path))
    truth.unlink()
    with pytest.raises(EchoPilotError, match="no mask patient0001_2CH_ED_gt"):
        next(read_camus(tmp_path))
    (home / "Info_2CH.cfg").write_text("ED: 1\n")
    with pytest.raises(EchoPilotError, match="lacks EF, ES, ImageQuality"):
        read_camus_info(home / "Info_2CH.cfg")


def test_echonet_outlines_have_the_stated_volumes_at_the_found_scale(tmp_path: Path) -> None:
    big, small = read_echonet(echonet(tmp_path, edv_ml=100.0, esv_ml=40.0))
    assert big.sizes[VOLUME] == pytest.approx(2.5 * small.sizes[VOLUME])  # 100 and 40 mL
    for sample in (big, small):
        rows, columns = np.nonzero(sample.labels == SegmentationClass.LV)
        length_m = np.ptp(rows) * grid.STANDARD.spacing_m
        width_m = np.ptp(columns) * grid.STANDARD.spacing_m
        assert np.pi / 6 * length_m * width_m**2 == pytest.approx(float(sample.sizes[VOLUME]), rel=0.15)
    assert big.view == View.A4C and set(np.unique(big.labels)) == {0, SegmentationClass.LV, 255}


def test_echonet_without_believable_volumes_has_an_assumed_scale(tmp_path: Path) -> None:
    big, _ = read_echonet(echonet(tmp_path, edv_ml=100_000.0, esv_ml=40_000.0))
    assert np.isnan(big.sizes).all() and area_m2(big, SegmentationClass.LV) > 0


def test_echonet_mirrored_swaps_sides(tmp_path: Path) -> None:
    plain = next(read_echonet(echonet(tmp_path)))
    mirrored = next(read_echonet(tmp_path, mirrored=True))
    assert np.mean(plain.labels != mirrored.labels[:, ::-1]) < 0.02


def test_echonet_errors_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match=r"FileList\.csv does not exist"):
        next(read_echonet(tmp_path))
    echonet(tmp_path)
    with pytest.raises(EchoPilotError, match="choose TRAIN, VAL, TEST"):
        next(read_echonet(tmp_path, split="train"))
    with pytest.raises(EchoPilotError, match="no video of split VAL"):
        next(read_echonet(tmp_path, split="VAL"))
    table = tmp_path / "VolumeTracings.csv"
    good = table.read_text()
    table.write_text(good.replace(",4\n", ",9\n").replace(",4\r\n", ",9\r\n"))
    with pytest.raises(EchoPilotError, match="has 6 frames, but frame 9"):
        next(read_echonet(tmp_path))
    table.write_text(good.replace("X1", "Z1"))
    with pytest.raises(EchoPilotError, match="lacks the columns X1"):
        next(read_echonet(tmp_path))
    table.write_text(good)
    (tmp_path / "Videos" / "0X1.avi").unlink()
    with pytest.raises(EchoPilotError, match=r"0X1.avi does not exist"):
        next(read_echonet(tmp_path))


def test_usgra_vessel_has_its_share_of_the_depth(tmp_path: Path) -> None:
    (sample,) = read_usgra(usgra(tmp_path))
    share = 0.005 / 0.04  # of the radius in the depth
    vessel_m2 = area_m2(sample, SegmentationClass.AO_LUMEN)
    assert vessel_m2 == pytest.approx(np.pi * (share * grid.STANDARD_M) ** 2, rel=0.05)
    assert sample.view == View.NONE
    nerve = -0.01 / 0.04 * grid.STANDARD_M, 0.01 / 0.04 * grid.STANDARD_M  # of no class of ours
    column, row = (
        int(np.argmin(np.abs(at - c))) for at, c in zip((grid.STANDARD.x_m, grid.STANDARD.y_m), nerve, strict=True)
    )
    assert sample.labels[row, column] == 0 and sample.labels[row + 20, column] == 255


def test_usgra_errors_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match=r"holds no images/\*.png"):
        next(read_usgra(tmp_path))
    mask = usgra(tmp_path) / "masks" / "0001.png"
    cv2.imwrite(str(mask), np.full((480, 400, 3), (1, 2, 3), np.uint8))
    with pytest.raises(EchoPilotError, match=r"color \(3, 2, 1\); known are \(0, 128, 0\) vessel"):
        next(read_usgra(tmp_path))
    cv2.imwrite(str(mask), np.zeros((479, 400, 3), np.uint8))
    with pytest.raises(EchoPilotError, match="its mask"):
        next(read_usgra(tmp_path))
    mask.write_bytes(b"no image")
    with pytest.raises(EchoPilotError, match="is no PNG image"):
        next(read_usgra(tmp_path))
    mask.unlink()
    with pytest.raises(EchoPilotError, match=r"masks/0001.png does not exist"):
        next(read_usgra(tmp_path))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared vascular images are not there")
def test_real_vessel_images_are_read() -> None:
    samples = stack(islice(read_usgra(SHARED), 8))
    with_vessel = (samples.labels == SegmentationClass.AO_LUMEN).any(axis=(1, 2))
    assert with_vessel.tolist() == [True, False, True, False, True, True, True, True]
    assert ((samples.labels == 255).mean(axis=(1, 2)) > 0.05).all()


def test_images_from_disk_stack_with_others(tmp_path: Path) -> None:
    rows = [*read_camus(camus_patient(tmp_path / "a")), *read_echonet(echonet(tmp_path / "b"))]
    assert len(stack(rows)) == 6
