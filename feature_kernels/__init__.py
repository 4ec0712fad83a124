"""Pure, compiled functions from columns and carry to features and carry; numpy and numba only.

docs/kernel-interface.md has their rules, docs/kernels.md each of them. A kernel has a slow plain
oracle in `tests/oracles`.
"""
