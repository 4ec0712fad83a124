"""Arrow without pandas.

pyarrow imports pandas, where it is installed, as soon as it makes an array, only to recognise a
Series. That takes longer than all else that `score-trip` does, and nothing here makes a Series.
"""

import sys
from typing import Any

import pyarrow as pa


class _NoPandas:
    """A finder of modules that finds no pandas and leaves all others to the next finder."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise `ImportError` for pandas."""
        if name == "pandas":
            raise ModuleNotFoundError("pyarrow does without pandas here", name=name)


def without_pandas() -> None:
    """Let pyarrow look for pandas once, and find none. Does nothing where pandas is imported.

    pyarrow looks again where a caller asks it for a pandas object.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])  # looks now, and keeps the answer
    finally:
        sys.meta_path.remove(finder)
