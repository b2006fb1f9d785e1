"""Where the page listens, and what it refuses."""

from pathlib import Path

import pytest

from echopilot_core import EchoPilotError
from echopilot_report.page.access.entrance import open_entrance


def test_the_page_does_not_listen_beyond_this_machine_without_certificate_and_passwords(tmp_path: Path) -> None:
    nobody = str(tmp_path / "none.json")
    with pytest.raises(EchoPilotError, match="certificate"):
        open_entrance("0.0.0.0", 0, nobody)
    with pytest.raises(EchoPilotError, match="passwords"):
        open_entrance("0.0.0.0", 0, nobody, certificate="c.pem", key="k.pem")
    entrance = open_entrance("127.0.0.1", 0, nobody)
    taken = entrance.listening.getsockname()[1]
    with pytest.raises(EchoPilotError, match="another port"):
        open_entrance("127.0.0.1", taken, nobody)
    entrance.listening.close()
    assert entrance.notice.count("password for this run") == 1
