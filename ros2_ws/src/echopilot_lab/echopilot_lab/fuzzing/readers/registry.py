"""Every reader of a file that EchoPilot writes or asks for, by name, with a valid file and what reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from echopilot_lab.fuzzing.readers import archives, mutations, read_file
from echopilot_lab.fuzzing.readers.mutations import Mutation
from echopilot_lab.fuzzing.readers.record_files import record_files
from echopilot_lab.fuzzing.readers.small_files import small_files


@dataclass(frozen=True)
class Reader:
    """A reader: the file `name` with `data` in an empty folder, `beside` it other files; `read` takes its path.

    `source` names the modules that read, so that a test finds a reader that is not listed.
    """

    name: str
    file: str
    data: bytes
    mutate: Mutation
    read: Callable[[Path], object]
    source: tuple[str, ...]
    beside: Mapping[str, bytes] = field(default_factory=dict)


@lru_cache(maxsize=1)
def readers() -> tuple[Reader, ...]:
    """All readers, in the order of their names."""
    found = [*_exam_records(), *_texts(), *_arrays(), *_tables(), *_of_real_images(), *_results()]
    return tuple(sorted(found, key=lambda reader: reader.name))


def _exam_records() -> list[Reader]:
    files = record_files()
    source = tuple(f"echopilot_exam.record.{m}" for m in ("reader", "clips", "files", "images", "codec", "model"))
    kinds = {".json": mutations.json_mutation, ".jsonl": mutations.lines_mutation}
    kinds |= {".png": archives.png_mutation, ".npz": archives.npz_mutation}
    shown = (
        "exam.json",
        "events.jsonl",
        "control.jsonl",
        "seen.jsonl",
        "keyframes/000001.json",
        "keyframes/000001.npz",
        "keyframes/000001.png",
        "clips/02-AORTA_TRANS-1/clip.json",
        "clips/02-AORTA_TRANS-1/frames.jsonl",
        "clips/02-AORTA_TRANS-1/000001.png",
        "clips/02-AORTA_TRANS-1/masks/000001.png",
    )
    return [
        Reader(
            f"record {name.replace('02-AORTA_TRANS-1/', '').replace('000001', 'N')}",
            name,
            files[name],
            kinds[Path(name).suffix],
            read_file.read_record(len(Path(name).parts)),
            source,
            {other: data for other, data in files.items() if other != name},
        )
        for name in shown
    ]


def _texts() -> list[Reader]:
    from echopilot_exam.protocol.protocol import PROTOCOL_FOLDER
    from echopilot_lab.scenarios.catalog import FOLDER
    from echopilot_perception.pretraining.recipe.recipe import FOLDER as RECIPES
    from echopilot_perception.pretraining.tree.label_tree import TREE_FILE
    from echopilot_report.grading.loader import SET_FOLDER

    small, yaml, jsons = small_files(), mutations.yaml_mutation, mutations.json_mutation
    protocol, sets = (PROTOCOL_FOLDER / "complete.yaml").read_bytes(), SET_FOLDER / "aortic_root_esc_2024.yaml"
    cases = [
        ("protocol", "mine.yaml", protocol, yaml, read_file.read_protocol, "echopilot_exam.protocol.protocol"),
        (
            "reference set",
            sets.name,
            sets.read_bytes(),
            yaml,
            read_file.read_reference_set,
            "echopilot_report.grading.loader",
        ),
        (
            "tree of labels",
            TREE_FILE.name,
            TREE_FILE.read_bytes(),
            yaml,
            read_file.read_label_tree,
            "echopilot_perception.pretraining.tree.label_tree",
        ),
        (
            "pre-training recipe",
            "mine.yaml",
            (RECIPES / "tree.yaml").read_bytes(),
            yaml,
            read_file.read_pretrain_recipe,
            "echopilot_perception.pretraining.recipe.recipe",
        ),
        (
            "model description",
            "model.yaml",
            small["model"],
            yaml,
            read_file.read_model,
            "echopilot_perception.model.manifest",
        ),
        (
            "calibration",
            "probe.json",
            small["calibration"],
            mutations.rehashed,
            read_file.read_calibration,
            "echopilot_control.calibration.record",
        ),
        (
            "wires",
            "wires.json",
            small["wires"],
            jsons,
            read_file.read_wires,
            "echopilot_control.calibration.wires_file",
        ),
        (
            "zones",
            "zones.txt",
            small["zones"],
            mutations.table_mutation,
            read_file.read_zones,
            "echopilot_control.safety.zones",
        ),
        (
            "robot description",
            "a.urdf",
            small["urdf"],
            mutations.xml_mutation,
            read_file.read_urdf,
            "echopilot_control.kinematics.joint_limits",
        ),
        (
            "robot description 2",
            "b.urdf",
            small["urdf_ur5e"],
            mutations.xml_mutation,
            read_file.read_urdf,
            "echopilot_control.kinematics.urdf",
        ),
        (
            "world of Gazebo",
            "w.sdf",
            small["world"],
            mutations.xml_mutation,
            read_file.read_gazebo_world,
            "echopilot_gz.world_file",
        ),
        (
            "page passwords",
            "page.json",
            small["passwords"],
            jsons,
            read_file.read_passwords,
            "echopilot_report.page.access.accounts",
        ),
        (
            "CT class table",
            "labels.json",
            small["classes"],
            jsons,
            read_file.read_classes,
            "echopilot_sim.anatomy.ct.read",
        ),
        (
            "CAMUS info",
            "Info_2CH.cfg",
            small["camus"],
            mutations.table_mutation,
            read_file.read_camus,
            "echopilot_perception.training.readers.camus",
        ),
    ]
    if FOLDER.is_dir():  # of the repository, not of an installed copy
        scenario = (FOLDER / "cough.yaml").read_bytes()
        cases.append(
            ("scenario", "cough.yaml", scenario, yaml, read_file.read_scenario, "echopilot_lab.scenarios.catalog")
        )
    arm = ("echopilot_control.kinematics.arm_model",)
    return [
        Reader(name, file, data, how, read, (source, *(arm if how is mutations.xml_mutation else ())))
        for name, file, data, how, read, source in cases
    ]


def _arrays() -> list[Reader]:
    small, npz = small_files(), archives.npz_mutation
    cases = [
        (
            "statistics of features",
            "ood.npz",
            small["statistics"],
            npz,
            read_file.read_statistics,
            "echopilot_perception.ood",
        ),
        (
            "view poses",
            "view_poses.npz",
            small["view_poses"],
            npz,
            read_file.read_view_poses,
            "echopilot_control.search.view_pose_model",
        ),
        (
            "training shard",
            "patient.npz",
            small["samples"],
            npz,
            read_file.read_samples,
            "echopilot_lab.datasets.training_shards",
        ),
        (
            "MedMNIST file",
            "breastmnist.npz",
            small["mnist"],
            npz,
            read_file.read_mnist,
            "echopilot_lab.pretraining.layouts",
        ),
        ("voxel body", "body.npz", small["voxels"], npz, read_file.read_voxels, "echopilot_sim.voxels.body"),
        (
            "data set shard",
            "patient.tar",
            small["shard"],
            archives.tar_mutation,
            read_file.read_shard,
            "echopilot_lab.datasets.shard",
        ),
        (
            "tracked sequence",
            "t.mha",
            small["tracked"],
            mutations.table_mutation,
            read_file.read_tracked,
            "echopilot_lab.calibration.tracked_sequence",
        ),
        (
            "recording",
            "exam.mcap",
            small["recording"],
            mutations.byte_mutation,
            read_file.read_recording,
            "echopilot_exam.record.mcap_scan",
        ),
    ]
    return [Reader(name, file, data, how, read, (source,)) for name, file, data, how, read, source in cases]


def _tables() -> list[Reader]:
    small, table = small_files(), mutations.table_mutation
    echonet, usgra = "echopilot_perception.training.readers.echonet", "echopilot_perception.training.readers.usgra"
    beside = {"VolumeTracings.csv": small["tracings"]}
    return [
        Reader("EchoNet list", "FileList.csv", small["file_list"], table, read_file.read_echonet, (echonet,), beside),
        Reader(
            "EchoNet tracings",
            "VolumeTracings.csv",
            small["tracings"],
            table,
            read_file.read_echonet,
            (echonet,),
            {"FileList.csv": small["file_list"]},
        ),
        Reader(
            "usgra-seg mask",
            "masks/1.png",
            small["mask"],
            archives.png_mutation,
            read_file.read_usgra,
            (usgra,),
            {"images/1.png": small["mask"]},
        ),
        *_of_finetuning(small),
    ]


def _of_finetuning(small: Mapping[str, bytes]) -> list[Reader]:
    """Labels that users bring."""
    module, still = "echopilot_perception.finetuning.labels", small["still"]
    cases = [
        ("mask", "masks/1.png", "mask", archives.png_mutation, read_file.read_mask, "mask_folder", ("images/1.png",)),
        ("labels", "labels.csv", "label_table", mutations.table_mutation, read_file.read_label_table, "table",
         ("1.png", "2.png")),
        ("COCO labels", "labels.json", "coco", mutations.json_mutation, read_file.read_coco_labels, "coco", ("1.png",)),
    ]  # fmt: skip
    return [
        Reader(
            f"fine-tuning {name}", file, small[kind], how, read, (f"{module}.{source}",), dict.fromkeys(beside, still)
        )
        for name, file, kind, how, read, source, beside in cases
    ]


def _of_real_images() -> list[Reader]:
    small, module = small_files(), "echopilot_lab.evaluation.real"
    return [
        Reader(
            "labels of real images",
            "labels.csv",
            small["labels"],
            mutations.table_mutation,
            read_file.read_labels,
            (f"{module}.labels",),
            {"a.mp4": b"", "b.png": b""},
        ),
        Reader(
            "outlines of a clip",
            "a_outlines.json",
            small["outlines"],
            mutations.json_mutation,
            read_file.read_outlines,
            (f"{module}.outlines",),
        ),
    ]


def _results() -> list[Reader]:
    small, jsons = small_files(), mutations.json_mutation
    cases = [
        (
            "result of a trial",
            "600000/trial.json",
            small["trial"],
            jsons,
            read_file.read_trial,
            "echopilot_lab.trials.cohort",
        ),
        (
            "result of a scenario",
            "cough.json",
            small["trial"],
            jsons,
            read_file.read_scenario_result,
            "echopilot_lab.scenarios.suite",
        ),
        ("figures", "summary.json", small["trial"], jsons, read_file.read_figures, "echopilot_core.guarded.json_input"),
        (
            "fault runs",
            "faults.jsonl",
            small["runs"],
            mutations.lines_mutation,
            read_file.read_runs,
            "echopilot_lab.force_runs.campaign",
        ),
        (
            "index of a data set",
            "dataset.json",
            small["index"],
            jsons,
            read_file.read_index,
            "echopilot_lab.datasets.index",
        ),
    ]
    return [Reader(name, file, data, how, read, (source,)) for name, file, data, how, read, source in cases]
