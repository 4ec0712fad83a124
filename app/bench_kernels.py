"""`tachowatt bench kernels`: the measurement lies with the tests, as do the sources in C."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.errors import Stop

_ROOT = Path(__file__).resolve().parent.parent


def run(samples: int, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Each kernel beside C and pandas; `problems` say where results differ.

    Raises `Stop` where the repository's tests or pandas are not there.
    """
    if not (_ROOT / "tests" / "bench" / "c").is_dir():
        raise Stop(f"the bench of the kernels needs the repository: {_ROOT} has no tests/bench/c")
    if str(_ROOT) not in sys.path:
        sys.path.insert(0, str(_ROOT))
    try:
        importlib.import_module("pandas")
    except ImportError:
        raise Stop("the bench of the kernels needs pandas, which `make install` brings") from None
    found: dict[str, Any] = importlib.import_module("tests.bench.kernels").run(samples, progress)
    return found
