"""The only import of numba: compiled kernels where it is installed, plain Python or the NumPy backend otherwise.

Set the environment variable ECHOPILOT_NUMBA=0 to do without numba although it is installed.
"""

import os
from collections.abc import Callable
from typing import Any

from echopilot_core import EchoPilotError

try:
    if os.environ.get("ECHOPILOT_NUMBA", "1") == "0":
        raise ImportError("switched off by ECHOPILOT_NUMBA=0")
    import numba
except ImportError:
    numba = None
if numba is not None:
    from echopilot_core.kernels.cache import KernelCache

COMPILED: bool = numba is not None


def njit(*function: Callable[..., Any], cache: bool = False, **options: Any) -> Any:
    """numba's `njit`, or a decorator that leaves the function as it is; `py_func` is the plain function either way.

    Args:
        function: the kernel, where the decorator stands without brackets.
        cache: keep what was compiled for the next process, by content.
        options: those of numba.
    """

    def compiled(kernel: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(kernel)
        if cache and KernelCache.can_keep(kernel):
            dispatcher._cache = KernelCache(kernel, options)
        return dispatcher

    decorator = compiled if numba is not None else _as_it_is
    return decorator(*function) if function else decorator


def njit_or(twin: Callable[..., Any], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel: the kernel compiled by numba, or `twin`, which does the same with array calls."""
    return njit(**options) if numba is not None else lambda kernel: twin


def need_numba(what: str) -> None:
    """Raise EchoPilotError in one line where `what` is asked for without numba."""
    if numba is None:
        raise EchoPilotError(
            f"{what} needs numba, which is absent or switched off by ECHOPILOT_NUMBA=0; run pip install numba,"
            " or take a VoxelBody that was sampled elsewhere"
        )


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    function.py_func = function  # type: ignore[attr-defined]
    return function
