"""Cache of compiled kernels on disk, keyed by content: another clone of the same sources compiles none of them.

numba's own cache finds a kernel by the path of its source file and forgets the kernels that it calls in other files.
"""

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from echopilot_core.kernels.digest import source_file
from echopilot_core.kernels.folder import kernel_folder, prune

_DIGEST_BYTES = hashlib.sha256().digest_size


class KernelCache:
    """What numba's dispatcher asks for a compiled kernel; every signature is a file of its own, written whole.

    Processes that start together write the same files, each in one step. A file that is damaged or gone is compiled
    anew; one that cannot be written is done without.
    """

    def __init__(self, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        """`options` are those of njit that take part in the compilation."""
        self._function = function
        self._options = sorted(options.items())

    @staticmethod
    def can_keep(function: Callable[..., Any]) -> bool:
        """False for functions whose module is not read from a source file that can be found by its name."""
        source = source_file(function.__module__)
        return source is not None and os.path.realpath(function.__code__.co_filename) == os.path.realpath(source)

    @property
    def cache_path(self) -> str | None:
        """Folder of the kernels of the function's module; shown in the dispatcher's statistics."""
        folder = self._folder()
        return None if folder is None else str(folder)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The kernel compiled for these types, or None."""
        target_context.refresh()
        folder = self._folder()
        if folder is None:
            return None
        key = self._key(signature, target_context.codegen())
        try:
            data = (folder / self._name(key)).read_bytes()
            os.utime(folder)
        except OSError:
            return None
        if hashlib.sha256(data[_DIGEST_BYTES:]).digest() != data[:_DIGEST_BYTES]:
            return None
        kept, reduced = pickle.loads(data[_DIGEST_BYTES:])
        return CompileResult._rebuild(target_context, *reduced) if kept == key else None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a kernel that was compiled just now, unless it holds addresses of this process or the disk refuses."""
        folder = self._folder()
        if folder is None or result.library.has_dynamic_globals or any(not part.can_cache for part in result.lifted):
            return
        key = self._key(signature, result.codegen)
        data = dumps((key, result._reduce()))
        try:
            _write(folder / self._name(key), hashlib.sha256(data).digest() + data)
            prune(folder)
        except OSError:
            return

    def flush(self) -> None:
        """Forget every signature of this kernel."""
        folder = self._folder()
        for file in folder.glob(f"{self._stem()}-*") if folder is not None else ():
            file.unlink(missing_ok=True)

    def _folder(self) -> Path | None:
        return kernel_folder(self._function.__module__)

    def _stem(self) -> str:
        code = self._function.__code__
        return f"{self._function.__qualname__.replace('<', '').replace('>', '')}.{code.co_firstlineno}"

    def _name(self, key: tuple[Any, ...]) -> str:
        return f"{self._stem()}-{hashlib.sha256(repr(key).encode()).hexdigest()[:20]}.kernel"

    def _key(self, signature: Any, codegen: Any) -> tuple[Any, ...]:
        """Types, processor and its features, and what the source does not tell: values closed over, and the options."""
        closed_over = tuple(cell.cell_contents for cell in self._function.__closure__ or ())
        values = hashlib.sha256(dumps(closed_over)).hexdigest()
        return (signature, codegen.magic_tuple(), self._function.__code__.co_code, values, repr(self._options))


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all; raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(partial, path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
