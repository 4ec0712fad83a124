"""CEL without its command line.

The package `cel` loads an interactive shell with itself (prompt_toolkit and more), which nobody
here uses: half a second of the start of every process.
"""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402

__all__ = ["cel"]
