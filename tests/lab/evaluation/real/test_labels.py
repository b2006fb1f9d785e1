"""Labels of real images: what stands in the table is meant, and what cannot be meant is refused with its row."""

from pathlib import Path

import pytest

from echopilot_core import EchoPilotError, View
from echopilot_lab.evaluation.real.labels import has_labels, read_labels

HEAD = "file,view,foreign,effusion,note\n"


def table(folder: Path, text: str) -> Path:
    (folder / "a.png").touch()
    (folder / "b.mp4").touch()
    (folder / "labels.csv").write_text(text)
    return folder


def test_rows_are_read_as_they_are_meant(tmp_path: Path) -> None:
    assert not has_labels(tmp_path)
    one, two = read_labels(table(tmp_path, HEAD + 'a.png,PSAX,0,,"zoomed, dark"\nb.mp4,NONE,1,0,\n'))
    assert has_labels(tmp_path)
    assert one.views == {View.PSAX_AV, View.PSAX_MV, View.PSAX_PM} and one.is_heart and one.note == "zoomed, dark"
    assert (one.effusion, two.effusion, two.foreign, two.is_heart) == (None, False, True, False)
    (other,) = read_labels(table(tmp_path, "view,file,effusion,foreign\nNONE,a.png,1,0\n"))
    assert not other.is_heart and not other.foreign and other.effusion is True


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "row 1"),
        (HEAD, "no rows"),
        ("file,view,foreign\na.png,A4C,0\n", "row 1"),
        (HEAD.replace("note", "age"), "row 1"),
        ("file,view,foreign,effusion,view\n", "row 1"),
        (HEAD + "a.png,A4C,0,0,\nb.mp4,A4X,0,0,\n", "row 3"),
        (HEAD + "a.png,A4C,0,0,\na.png,A2C,0,0,\n", "row 3"),
        (HEAD + "a.png,A4C,0,0,,more\n", "row 2"),
        (HEAD + "a.png,A4C\n", "row 2"),
        (HEAD + "a.png,A4C,,0,\n", "foreign must be 0 or 1"),
        (HEAD + "a.png,A4C,yes,0,\n", "row 2"),
        (HEAD + "a.png,A4C,1,0,\n", "row 2"),
        (HEAD + "a.png,A4C,0,2,\n", "effusion"),
        (HEAD + "c.png,A4C,0,0,\n", "c.png"),
        (HEAD + "../a.png,A4C,0,0,\n", "row 2"),
        (HEAD + "/etc/passwd,A4C,0,0,\n", "row 2"),
        (HEAD + ",A4C,0,0,\n", "row 2"),
        (HEAD + '"a.png,A4C,0,0,\n', "line"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_in_one_line(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(EchoPilotError) as refused:
        read_labels(table(tmp_path, text))
    assert word in str(refused.value) and "\n" not in str(refused.value)
