"""What the cache lacks is noticed, and compiled by child processes that say how far they are."""

import asyncio
from pathlib import Path
from typing import Any

import numba
import pytest

from app.processes import warm_up
from app.processes.warm_up import PARTS
from feature_kernels.kernel import KERNELS, _cache_directory
from runtime.errors import Stop


def test_a_missing_kernel_is_noticed_and_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    def add_one(x: int) -> int:
        return x + 1

    kernel: Any = numba.njit(add_one)  # numba's types are not ours

    monkeypatch.setattr(warm_up, "PARTS", {"part": lambda: kernel(1)})
    assert not warm_up._load_cached() and not kernel.signatures
    assert kernel(1) == 2
    assert warm_up._load_cached()


def test_each_part_belongs_to_one_process() -> None:
    shares = [part for share in warm_up._SHARES for part in share]
    assert sorted(shares) == sorted(PARTS)


def test_a_child_names_what_it_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    names: list[str] = []
    asyncio.run(warm_up._child(["encode"], names.append))
    assert names == ["store.postgres.binary_kernel.encode_fields"] and set(names) <= KERNELS
    assert list(tmp_path.rglob("*.nbi"))


def test_compiled_kernels_may_be_kept_apart_from_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container the code is root's, and the cache alone is writable."""
    package = tmp_path / "kernels"
    package.mkdir()
    (package / "one.py").write_text("x = 1")
    monkeypatch.setenv("TACHOWATT_KERNELS_DIR", str(tmp_path / "cache"))
    _cache_directory.cache_clear()
    first = _cache_directory(package)
    assert first.startswith(str(tmp_path / "cache" / "kernels"))
    (package / "one.py").write_text("x = 2")
    _cache_directory.cache_clear()
    assert _cache_directory(package) != first, "another state of the sources has another folder"
    _cache_directory.cache_clear()


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(Stop, match="KeyError: 'no such part'"):
        asyncio.run(warm_up._child(["no such part"], lambda _: None))


def test_progress_reaches_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async def child(share: tuple[str, ...], note: object) -> None:
        for name in [*sorted(KERNELS)[:2], "numba.helper"]:
            note(name)  # type: ignore[operator]

    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(warm_up, "_child", child)
    asyncio.run(warm_up._compile(lambda done, of: seen.append((done, of))))
    assert seen[0] == (0, len(KERNELS)) and seen[-1] == (len(KERNELS), len(KERNELS))
    assert max(done for done, _ in seen[:-1]) == 2
