"""Arrow without pandas.

pyarrow imports pandas, if installed, at the first array, only to recognise a Series. That takes
longer than the rest of `score-trip`, and nothing here makes a Series.
"""

import sys
from typing import Any

import pyarrow as pa


class _NoPandas:
    """A module finder that hides pandas and leaves other modules to the next finder."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise `ImportError` for pandas."""
        if name == "pandas":
            raise ModuleNotFoundError("pyarrow does without pandas here", name=name)


def without_pandas() -> None:
    """Let pyarrow look for pandas once and find none. No effect if pandas is already imported.

    pyarrow looks again if a caller requests a pandas object.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])  # looks now, and caches the answer
    finally:
        sys.meta_path.remove(finder)
