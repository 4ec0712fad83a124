"""Arrow without pandas.

pyarrow imports pandas, where it is installed, as soon as it makes an array, only to recognise a
Series. That takes longer than all else that `score-trip` does, and nothing here makes a Series.
"""

import sys

import pyarrow as pa


def without_pandas() -> None:
    """Let pyarrow look for pandas once, and find none. Does nothing where pandas is imported.

    pyarrow looks again where a caller asks it for a pandas object.
    """
    if "pandas" in sys.modules:
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]  # None makes an import of it fail
    try:
        pa.array([0])  # looks now, and keeps the answer
    finally:
        del sys.modules["pandas"]
