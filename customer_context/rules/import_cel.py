"""CEL without its command line.

The package `cel` imports an interactive shell (prompt_toolkit and more) that we do not use: half a
second at the start of every process.
"""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402

__all__ = ["cel"]
