"""Exam recordings as a LeRobot-style data set (layout of codebase version v3.0): parquet with PNG images inside.

Written from the published layout; the `lerobot` library itself is not a dependency.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_lab.datasets.running_stats import RunningStats
from echopilot_lab.records.episodes import ACTION_NAMES, SIDE, STATE_NAMES, Episode, episodes
from echopilot_lab.util.atomic_output import staged_folder

IMAGE_KEY = "observation.images.ultrasound"
DATA_FILE = "data/chunk-000/file-000.parquet"
SCALARS = {"timestamp": "float32"} | dict.fromkeys(("frame_index", "episode_index", "index", "task_index"), "int64")


def export_lerobot(exams: Sequence[Path], out: Path, rate_hz: float, console: Console) -> dict[str, Any]:
    """Write every episode of the exams (folders or MCAP files); returns the figures.

    Raises EchoPilotError without pyarrow, without a recording, or when no goal was worked on.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise EchoPilotError("the export needs pyarrow: pip install 'echopilot[lerobot]'") from None
    files = [recording_of(exam) for exam in exams]
    with staged_folder(out) as folder, console.status("reads") as status:
        (folder / DATA_FILE).parent.mkdir(parents=True)
        tasks: dict[str, int] = {}
        rows: list[dict[str, Any]] = []
        stats = RunningStats()
        total, writer = 0, None
        for exam, file in zip(exams, files, strict=True):
            for episode in episodes(file, rate_hz):
                task = tasks.setdefault(episode.task, len(tasks))
                table = pa.table(columns(episode, len(rows), total, task, rate_hz, stats))
                table = table.replace_schema_metadata({"huggingface": json.dumps(hugging_face())})
                writer = writer or pq.ParquetWriter(folder / DATA_FILE, table.schema)
                writer.write_table(table)
                count = len(episode.rows)
                rows.append(episode_row(len(rows), episode, total, count) | {"echopilot_exam": exam.name})
                total += count
                status.update(f"{len(rows)} episodes, {total} images")
        if writer is None:
            raise EchoPilotError("no goal was worked on in these recordings: nothing to export")
        writer.close()
        meta = folder / "meta"
        (meta / "episodes" / "chunk-000").mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), meta / "episodes" / "chunk-000" / "file-000.parquet")
        pq.write_table(task_table(pa, tasks), meta / "tasks.parquet")
        (meta / "info.json").write_text(json.dumps(info(len(rows), total, len(tasks), rate_hz), indent=2))
        (meta / "stats.json").write_text(json.dumps(stats.figures(), indent=2))
        outcomes = {row["echopilot_outcome"] for row in rows}
        figures = {
            "episodes": len(rows),
            "frames": total,
            "tasks": list(tasks),
            "outcomes": {o: sum(row["echopilot_outcome"] == o for row in rows) for o in sorted(outcomes)},
            "megabytes": round((folder / DATA_FILE).stat().st_size / 1e6, 1),
        }
        (folder / "summary.json").write_text(json.dumps(figures, indent=2) + "\n")
    console.print(f"{figures['episodes']} episodes, {total} images, {figures['megabytes']} MB -> {out}")
    return figures


def recording_of(exam: Path) -> Path:
    """The MCAP file of an exam folder, or the file itself."""
    path = exam / "exam.mcap" if exam.is_dir() else exam
    if not path.is_file():
        raise EchoPilotError(f"no recording at {path}; give an exam folder that holds exam.mcap")
    return path


def columns(
    episode: Episode, number: int, first: int, task: int, rate_hz: float, stats: RunningStats
) -> dict[str, Any]:
    """Columns of one episode, in the types of `info`."""
    count = len(episode.rows)
    state = np.array([row.state for row in episode.rows], np.float32)
    action = np.array([row.action for row in episode.rows], np.float32)
    numbers: dict[str, NDArray[Any]] = {
        "timestamp": (np.arange(count) / rate_hz).astype(np.float32),
        "frame_index": np.arange(count),
        "episode_index": np.full(count, number),
        "index": first + np.arange(count),
        "task_index": np.full(count, task),
    }
    for name, values in {"observation.state": state, "action": action, **numbers}.items():
        stats.add(name, values.reshape(count, -1))
    stats.add_images(IMAGE_KEY, [row.image for row in episode.rows])
    images = [{"bytes": data, "path": None} for data in encoded(episode)]
    return {"observation.state": list(state), "action": list(action), IMAGE_KEY: images, **numbers}


def encoded(episode: Episode) -> Iterator[bytes]:
    """Every image as a PNG of three equal channels, as learning code expects."""
    for row in episode.rows:
        yield cv2.imencode(".png", cv2.cvtColor(row.image, cv2.COLOR_GRAY2BGR))[1].tobytes()


def episode_row(number: int, episode: Episode, first: int, count: int) -> dict[str, Any]:
    """One line of meta/episodes."""
    return {
        "episode_index": number,
        "tasks": [episode.task],
        "length": count,
        "data/chunk_index": 0,
        "data/file_index": 0,
        "dataset_from_index": first,
        "dataset_to_index": first + count,
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
        "echopilot_outcome": episode.outcome,
    }


def task_table(pa: Any, tasks: dict[str, int]) -> Any:
    """meta/tasks.parquet: a pandas table whose index is the task's text."""
    table = pa.table({"task_index": list(tasks.values()), "task": list(tasks)})

    def column(name: str, kind: str, stored: str) -> dict[str, Any]:
        return {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": stored, "metadata": None}

    pandas = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [column("task_index", "int64", "int64"), column("task", "unicode", "object")],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    return table.replace_schema_metadata({"pandas": json.dumps(pandas)})


def info(total_episodes: int, frames: int, tasks: int, rate_hz: float) -> dict[str, Any]:
    """meta/info.json."""
    features: dict[str, Any] = {
        "observation.state": {"dtype": "float32", "shape": [len(STATE_NAMES)], "names": list(STATE_NAMES)},
        "action": {"dtype": "float32", "shape": [len(ACTION_NAMES)], "names": list(ACTION_NAMES)},
        IMAGE_KEY: {"dtype": "image", "shape": [SIDE, SIDE, 3], "names": ["height", "width", "channels"]},
    }
    features |= {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in SCALARS.items()}
    return {
        "codebase_version": "v3.0",
        "robot_type": "echopilot",
        "total_episodes": total_episodes,
        "total_frames": frames,
        "total_tasks": tasks,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": int(rate_hz) if float(rate_hz).is_integer() else rate_hz,
        "splits": {"train": f"0:{total_episodes}"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": None,
        "features": features,
    }


def hugging_face() -> dict[str, Any]:
    """Column types for the `datasets` library, which decodes images by them."""

    def value(dtype: str) -> dict[str, str]:
        return {"dtype": dtype, "_type": "Value"}

    def numbers(names: tuple[str, ...]) -> dict[str, Any]:
        return {"feature": value("float32"), "length": len(names), "_type": "Sequence"}

    features: dict[str, Any] = {"observation.state": numbers(STATE_NAMES), "action": numbers(ACTION_NAMES)}
    features |= {IMAGE_KEY: {"_type": "Image"}} | {name: value(dtype) for name, dtype in SCALARS.items()}
    return {"info": {"features": features}}
