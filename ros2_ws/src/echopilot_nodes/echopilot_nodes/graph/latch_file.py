"""The latched reasons of safety on disk, so that they outlive every process and end by a reset alone."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from echopilot_control.safety import Reason, latches_from_json, latches_to_json

STATE, RUN = "ECHOPILOT_STATE", "ECHOPILOT_RUN"
"""Environment: folder of the file; name of the run that the latches belong to."""


def state_folder() -> Path:
    """`$ECHOPILOT_STATE`, else `$XDG_STATE_HOME/echopilot`, by default below `~/.local/state`; without a home, /tmp."""
    for variable, below in ((STATE, ""), ("XDG_STATE_HOME", "echopilot")):
        value = os.environ.get(variable, "")
        if os.path.isabs(value):
            return Path(value) / below
    try:
        return Path.home() / ".local" / "state" / "echopilot"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"echopilot-{os.getuid()}" / "state"


class LatchFile:
    """One file per graph: of a ROS domain and namespace, and of a run where one has a name or a log folder of its own.

    A missing file is the first start. One that cannot be read, or a folder in which none can be kept, is a latched
    reason itself.
    """

    def __init__(self, namespace: str) -> None:
        domain = os.environ.get("ROS_DOMAIN_ID", "") or "0"
        run = os.environ.get(RUN, "") or os.environ.get("ROS_LOG_DIR", "")
        digest = hashlib.sha256("\0".join((domain, namespace.strip("/"), run)).encode()).hexdigest()[:16]
        self.path = state_folder() / f"latches-{digest}.json"
        self._on_disk: tuple[Reason, ...] | None = None

    def read(self) -> tuple[Reason, ...]:
        """The reasons that no operator has reset; never raises."""
        try:
            latched = latches_from_json(self.path.read_text())
        except FileNotFoundError:
            latched = ()
        except (OSError, ValueError):
            latched = (Reason.LATCH_UNREADABLE,)
        if not self.keep(latched):
            latched = tuple(dict.fromkeys((*latched, Reason.LATCH_UNREADABLE)))
        return latched

    def line(self, latched: tuple[Reason, ...]) -> str:
        """A line for the operator about reasons that were latched before this process began."""
        names = ", ".join(reason.name for reason in latched)
        return (
            f"latched before this process began: {names}. Nothing moves until an operator has looked at the robot, "
            "taken the probe off and reset safety (page: Resume, or `echopilot exam reset --operator NAME`); kept in "
            f"{self.path}"
        )

    def keep(self, latched: tuple[Reason, ...]) -> bool:
        """Have these reasons, and no others, on disk when this returns; False where that is impossible."""
        if latched == self._on_disk:
            return True
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, latches_to_json(latched).encode())
                os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(draft, self.path)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return False
        self._on_disk = latched
        return True
