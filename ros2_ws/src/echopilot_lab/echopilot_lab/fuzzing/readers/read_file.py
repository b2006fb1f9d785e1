"""Reading of one file by each reader, as its command would; EchoPilotError is the right answer to a damaged one."""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_core import EchoPilotError

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
SHOWN_EVERY = 20  # records whose page and images are made too


def read_record(depth: int) -> Callable[[Path], object]:
    """Record of an exam."""

    def read(path: Path) -> object:
        from echopilot_exam.record import read_exam
        from echopilot_lab.records.info import record_info

        folder = path.parents[depth - 1]
        record = read_exam(folder)
        for clip in record.clips:
            for frame in clip.frames:
                for take in (clip.image, clip.label_map):
                    try:
                        take(frame)
                    except (ValueError, OSError):
                        continue
        record_info(folder)
        if hashlib.sha256(path.read_bytes()).digest()[0] % SHOWN_EVERY == 0:
            _show(record)
        return record

    return read


def _show(record: Any) -> None:
    """The report's page and DICOM objects, without the PDF."""
    from echopilot_report.content.numbers_json import report_document
    from echopilot_report.dicom.objects import image_objects
    from echopilot_report.dicom.study import study_of
    from echopilot_report.grading import UNKNOWN
    from echopilot_report.render import render_html

    study = study_of(record, UNKNOWN)
    image_objects(record, study)
    render_html(record, UNKNOWN, {}, study.uid_of_study)
    json.dumps(report_document(record, UNKNOWN, {}, study.uid_of_study, {}), allow_nan=False).encode()


def read_protocol(path: Path) -> object:
    """Protocol of an exam."""
    from echopilot_exam.protocol.plan import plan_text
    from echopilot_exam.protocol.protocol import load_protocol

    return plan_text(load_protocol(str(path)))


def read_label_tree(path: Path) -> object:
    """Of `echopilot pretrain --tree`."""
    from echopilot_perception.pretraining.tree.label_tree import read_tree

    return read_tree(path)


def read_mnist(path: Path) -> object:
    """Of `echopilot pretrain --data`."""
    from echopilot_lab.pretraining.layouts import mnist_images
    from echopilot_perception.pretraining.tree.label_tree import read_tree

    return list(mnist_images(path, read_tree()))


def read_mask(path: Path) -> object:
    """Of `echopilot finetune --labels`: a mask beside its image."""
    from echopilot_perception.finetuning.labels.class_names import ClassNames
    from echopilot_perception.finetuning.labels.mask_folder import read_mask_folder

    return list(read_mask_folder(path.parents[1], ClassNames()))


def read_label_table(path: Path) -> object:
    """Of `echopilot finetune --labels`: labels.csv beside its images."""
    from echopilot_perception.finetuning.labels.table import read_table

    return list(read_table(path.parent, "view"))


def read_coco_labels(path: Path) -> object:
    """Of `echopilot finetune --labels`: COCO beside its images."""
    from echopilot_perception.finetuning.labels.class_names import ClassNames
    from echopilot_perception.finetuning.labels.coco import read_coco

    return list(read_coco(path, "segmentation", ClassNames()))


def read_pretrain_recipe(path: Path) -> object:
    """Of `echopilot pretrain --recipe`."""
    from echopilot_perception.pretraining.recipe.recipe import read_recipe

    return read_recipe(str(path))


def read_reference_set(path: Path) -> object:
    """Set of reference limits."""
    from echopilot_report.grading.loader import load_set

    return load_set(str(path))


def read_scenario(path: Path) -> object:
    """Scenario."""
    from echopilot_lab.scenarios.catalog import load_scenario

    return load_scenario(str(path))


def read_model(path: Path) -> object:
    """Model folder."""
    from echopilot_perception.model import read_manifest

    return read_manifest(path.parent)


def read_calibration(path: Path) -> object:
    """Calibration of a probe."""
    from echopilot_control.calibration.record import read_record
    from echopilot_exam.calibration import own_validity_days

    return own_validity_days(read_record(path, "probe", NOW, timedelta(days=365)))


def read_wires(path: Path) -> object:
    """Wires of a calibration phantom."""
    from echopilot_control.calibration.wires_file import read_wires

    return read_wires(path)


def read_labels(path: Path) -> object:
    """Labels of real images."""
    from echopilot_lab.evaluation.real.labels import read_labels

    return read_labels(path.parent)


def read_outlines(path: Path) -> object:
    """Outlines that a person drew on a clip."""
    from echopilot_lab.evaluation.real.outlines import read_outlines

    return read_outlines(path)


def read_zones(path: Path) -> object:
    """Marked zones."""
    from echopilot_control.safety.zones import read_zones

    return read_zones(path.read_bytes().decode(errors="replace"))


def read_urdf(path: Path) -> object:
    """Robot description: limits and rigid bodies."""
    from echopilot_control.kinematics.arm_model import read_arm
    from echopilot_control.kinematics.chain import arm_kinematics, manipulability
    from echopilot_control.kinematics.joint_limits import joint_limits_rad, joint_speed_limits_rad_s

    text = path.read_bytes().decode(errors="replace")
    try:
        limits, _, arm = joint_limits_rad(text), joint_speed_limits_rad_s(text), read_arm(text)
    except ValueError as error:
        raise EchoPilotError(str(error)) from error  # what the safety node does with it
    if not np.isfinite(manipulability(arm_kinematics(arm, np.zeros(len(arm.mass_kg))).J)):
        raise ArithmeticError("manipulability is not finite")
    return limits


def read_gazebo_world(path: Path) -> object:
    """World with a patient in it."""
    from echopilot_gz.world_file import read_world

    return read_world(str(path))


def read_passwords(path: Path) -> object:
    """Password store of the page."""
    from echopilot_report.page.access.accounts import read_store

    os.chmod(path, 0o600)
    return read_store(path)


def read_classes(path: Path) -> object:
    """Classes of a data set."""
    from echopilot_sim.anatomy.ct.read import read_class_table

    return read_class_table(path)


def read_camus(path: Path) -> object:
    """Patient of CAMUS."""
    from echopilot_perception.training.readers import read_camus_info

    return read_camus_info(path)


def read_statistics(path: Path) -> object:
    """Statistics of appearance."""
    from echopilot_perception import ood

    found = ood.load(path)
    return ood.score(found, np.zeros(len(found.mean)))


def read_view_poses(path: Path) -> object:
    """View poses of the controller."""
    from echopilot_control.search.view_pose_model import read_view_poses

    return read_view_poses(path)


def read_samples(path: Path) -> object:
    """Samples of a training shard."""
    from echopilot_lab.datasets.training_shards import load

    return load([path])


def read_voxels(path: Path) -> object:
    """Label volume."""
    from echopilot_sim.voxels.body import load

    return load(path).still.index(np.zeros((3, 3), np.float32))


def read_shard(path: Path) -> object:
    """Shard of rendered frames."""
    from echopilot_lab.datasets.shard import read_shard

    return list(read_shard(path))


def read_tracked(path: Path) -> object:
    """Tracked clip."""
    from echopilot_lab.calibration.tracked_sequence import read_tracked

    header = read_tracked(path)
    return header.times_s(), header.poses("ProbeToTracker"), header.has_image


def read_recording(path: Path) -> object:
    """Recording in MCAP."""
    from echopilot_exam.record.mcap_scan import McapScan

    count = 0
    for message in McapScan(path):
        count += 1
        try:
            _ = message.decoded
        except ValueError:
            continue
    return count


def read_echonet(path: Path) -> object:
    """EchoNet data set."""
    from echopilot_perception.training.readers import read_echonet

    return next(read_echonet(path.parent), None)


def read_usgra(path: Path) -> object:
    """usgra-seg data set."""
    from echopilot_perception.training.readers import read_usgra

    return list(read_usgra(path.parents[1]))


def read_trial(path: Path) -> object:
    """Finished trials of a cohort."""
    from echopilot_lab.trials.cohort import differences, finished

    made: dict[str, str | float] = {"model_sha256": "0"}
    return finished(path.parents[1], 600_000, made), differences(path.parents[1], [600_000], made)


def read_scenario_result(path: Path) -> object:
    """Result of a scenario."""
    from echopilot_lab.scenarios.suite import finished

    return finished(path.parent, "cough", "ours")


def read_figures(path: Path) -> object:
    """Figures of a benchmark."""
    from echopilot_exam.record.files import merge_json

    merge_json(path, {"views": {"A4C": 1}})
    return None


def read_runs(path: Path) -> object:
    """Finished runs of a fault campaign."""
    from echopilot_lab.force_runs.campaign import kept_runs

    return kept_runs(path)


def read_index(path: Path) -> object:
    """Index of a data set."""
    from echopilot_lab.datasets.index import MADE_WITH, check_index

    check_index(path.parent, {key: 1 for key in MADE_WITH})
    return None
