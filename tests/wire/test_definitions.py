"""Definitions hold every nested type once, are found wherever messages are installed, and are those of ROS."""

from pathlib import Path

import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from echopilot_core import EchoPilotError
from echopilot_core import paths as share
from echopilot_wire import definition, definitions
from echopilot_wire.standard import STANDARD
from echopilot_wire.store import STORE


@pytest.mark.parametrize("name", sorted(STORE.types))
def test_another_reader_finds_the_same_fields(name: str) -> None:
    parsed = get_types_from_msg(definition(name), name)
    assert parsed[name][1] == STORE.fielddefs[name][1]
    nested = {name for name, kind in parsed.items()}
    assert nested <= set(STORE.types)


@pytest.mark.parametrize("name", sorted(STANDARD))
def test_standard_messages_are_those_of_ros(name: str) -> None:
    known = get_typestore(Stores.ROS2_JAZZY).fielddefs
    if name in known:
        assert STORE.fielddefs[name] == known[name]
    else:
        assert name in built_here()


def built_here() -> dict[str, str]:
    """Texts by type name of the messages that are built where ROS is not installed; parts of services are not sent."""
    files = Path(__file__).parents[2].glob("ros2_ws/src/pip_only/*/msg/*.msg")
    return {
        f"{file.parts[-3]}/msg/{file.stem}": file.read_text()
        for file in files
        if not (file.parents[1] / "srv").is_dir()
    }


@pytest.mark.parametrize("name", sorted(built_here()))
def test_messages_built_without_ros_are_those_that_we_write(name: str) -> None:
    assert get_types_from_msg(built_here()[name], name)[name] == STORE.fielddefs[name]


def test_nested_types_appear_once() -> None:
    text = definition("echopilot_msgs/msg/PerceptionResult")
    for nested in ("echopilot_msgs/Measurement", "builtin_interfaces/Time", "ultrasound_msgs/Coupling"):
        assert text.count(f"MSG: {nested}\n") == 1
    assert definition("geometry_msgs/msg/TwistStamped").count("MSG: geometry_msgs/Vector3\n") == 1


def test_a_missing_type_is_one_clear_line() -> None:
    with pytest.raises(EchoPilotError, match=r"msg/Nothing\.msg not found; looked in: .*echopilot_msgs"):
        definition("echopilot_msgs/msg/Nothing")


def test_texts_are_found_where_ament_and_pip_install_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts = definitions.own_texts()
    for prefix in ("ament", "pip"):
        for name, text in texts.items():
            package, _, kind = name.split("/")
            path = tmp_path / prefix / "share" / package / "msg" / f"{kind}.msg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    monkeypatch.setattr(share, "_SOURCES", tmp_path / "no checkout")
    monkeypatch.setattr(share.sys, "prefix", str(tmp_path / "nothing"))
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "ament"))
    assert definitions.own_texts() == texts
    monkeypatch.delenv("AMENT_PREFIX_PATH")
    with pytest.raises(EchoPilotError, match="no messages of ultrasound_msgs; looked in"):
        definitions.own_texts()
    monkeypatch.setattr(share.sys, "prefix", str(tmp_path / "pip"))
    assert definitions.own_texts() == texts


def test_the_distribution_takes_every_message_along() -> None:
    root = Path(__file__).parents[2]
    settings = (root / "pyproject.toml").read_text()
    for package in definitions.PACKAGES:
        assert f'"share/{package}/msg" = ["ros2_ws/src/{package}/msg/*.msg"]' in settings
