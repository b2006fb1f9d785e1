"""The rewrite of baked include folders: complete, idempotent, and nothing else is touched."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("fix_wheel_paths", ROOT / "scripts" / "fix_wheel_paths.py")
fix = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fix)

BAKED = (
    'INTERFACE_INCLUDE_DIRECTORIES "${_IMPORT_PREFIX}/include/std_msgs;/opt/python/cp311-cp311/include/python3.11;'
    '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include"\n'
)
OURS = 'INTERFACE_INCLUDE_DIRECTORIES "${_IMPORT_PREFIX}/include/std_msgs;/usr/include/python3.12;/venv/np/include"\n'


def export(venv: Path, text: str) -> Path:
    file = venv / "share" / "std_msgs" / "cmake" / "export.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_both_folders_are_rewritten_and_the_rest_is_kept(tmp_path):
    file = export(tmp_path, BAKED)
    assert fix.rewrite_exports(tmp_path, "/usr/include/python3.12", "/venv/np/include") == 1
    assert file.read_text() == OURS


def test_a_second_run_changes_nothing(tmp_path):
    export(tmp_path, BAKED)
    fix.rewrite_exports(tmp_path, "/usr/include/python3.12", "/venv/np/include")
    assert fix.rewrite_exports(tmp_path, "/usr/include/python3.12", "/venv/np/include") == 0


def test_every_wheel_version_is_recognized():
    for minor in (10, 11, 12, 13):
        text = BAKED.replace("311", f"3{minor}").replace("3.11", f"3.{minor}")
        assert fix.rewrite(text, "/usr/include/python3.12", "/venv/np/include") == OURS


def test_a_backslash_in_a_folder_is_taken_literally():
    assert "C:\\new\\1" in fix.rewrite(BAKED, "C:\\new\\1", "n")
