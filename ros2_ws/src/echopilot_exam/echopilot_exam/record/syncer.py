"""Synchronization of files to the disk in a separate thread, so that a slow disk never delays an exam."""

import os
import threading
from pathlib import Path

SYNC_S = 1.0
"""Wall time between two syncs: about the loss at a power cut."""


class Syncer:
    """Syncs the open files in `add` about once a second, and each path in `once` one time.

    `error` is the first failure, for the owner to raise: some file systems report only here that they are full.
    """

    def __init__(self) -> None:
        self.error: OSError | None = None
        self._files: set[int] = set()
        self._once: list[Path] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, descriptor: int) -> None:
        """Sync this open file from now on; starts the thread."""
        with self._lock:
            self._files.add(descriptor)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
            self._thread.start()

    def remove(self, descriptor: int) -> None:
        """End the syncing of a file before it is closed; waits for a running sync."""
        with self._lock:
            self._files.discard(descriptor)

    def once(self, path: Path) -> None:
        """Sync a finished file."""
        with self._lock:
            self._once.append(path)

    def close(self) -> None:
        """Sync a last time and end the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._sync()

    def _run(self) -> None:
        while not self._stop.wait(SYNC_S):
            self._sync()

    def _sync(self) -> None:
        with self._lock:
            paths, self._once = self._once, []
            try:
                for descriptor in self._files:
                    os.fsync(descriptor)
                for path in paths:
                    with path.open("rb") as file:
                        os.fsync(file.fileno())
            except OSError as error:
                self.error = self.error or error
