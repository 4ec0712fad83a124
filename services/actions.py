"""The actions in use: shipped ones or those of a folder, and what a tenant has activated."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from customer_context.next_best_action.check import load
from customer_context.next_best_action.rules import Rules
from runtime import yaml_text
from runtime.errors import Usage
from store.casework import rules as stored
from store.postgres.pool import Connection

log = logging.getLogger("services.actions")

KIND = "action"
"""The kind of rule of a file of actions (contracts/approvals.py)."""


def read(directory: Path | None) -> dict[str, str]:
    """Return the texts of a folder's files *.yaml by name; None = the shipped ones.

    Raises `Usage` where the folder or a file cannot be read.
    """
    folder: Traversable = (
        resources.files("customer_context.next_best_action") / "shipped"
        if directory is None
        else directory
    )
    try:
        files = sorted(
            (f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name
        )
        return {file.name: file.read_text(encoding="utf-8") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{directory}: {error}") from None


def in_use(directory: Path | None) -> Rules:
    """Return the actions of a folder; None = the shipped ones. Raises `Usage`."""
    if directory is None:
        return _shipped()
    try:
        found = [(file.name, file.stat()) for file in directory.iterdir()]
    except OSError as error:
        raise Usage(f"{directory}: {error}") from None
    stamp = tuple(sorted((name, at.st_mtime_ns, at.st_size) for name, at in found))
    return _of_folder(directory, stamp)


@lru_cache(maxsize=1)
def _shipped() -> Rules:
    return loaded(tuple(sorted(read(None).items())))


@lru_cache(maxsize=32)
def _of_folder(directory: Path, stamp: tuple[tuple[str, int, int], ...]) -> Rules:
    """Load a folder once for each state of its files. stamp : name, time of change, size."""
    return loaded(tuple(sorted(read(directory).items())))


@lru_cache(maxsize=32)
def loaded(files: tuple[tuple[str, str], ...]) -> Rules:
    """Load (name, text) of files; each content once. Raises `Usage`."""
    return load(dict(files))


def changed(rules: Rules, files: Mapping[str, str]) -> Rules | None:
    """Return rules in which files replace those of the same id, or are added; None without files.

    Raises `Usage`.
    """
    if not files:
        return None
    ids = {yaml_text.load(text).get("id") for text in files.values()}
    kept = {n: t for n, t in rules.set.texts.items() if yaml_text.load(t).get("id") not in ids}
    return loaded(tuple(sorted({**kept, **files}.items())))


_activated: dict[tuple[str, tuple[tuple[str, str], ...]], Rules] = {}
"""(digest of the files, digests of activated ones) → the actions of a tenant that has these."""
_MOST_KEPT = 64


def in_force(connection: Connection, tenant: str, directory: Path | None) -> Rules:
    """Return the actions of a tenant: of a folder (None = the shipped ones), and its own versions.

    Raises `Usage`.
    """
    return of_tenant(connection, tenant, in_use(directory))


def of_tenant(connection: Connection, tenant: str, files: Rules) -> Rules:
    """Return the actions of a tenant: those of files, and the versions that it has activated.

    Where these do not fit the files any more, as an update brought an action of the same id, the
    files alone count, with an error in the log.
    """
    digests = stored.in_force(connection, tenant, KIND)
    if not digests:
        return files
    key = (files.set.digest, tuple(sorted(digests.items())))
    found = _activated.get(key)
    if found is None:
        texts = {
            f"activated-{digest[:12]}.yaml": stored.text(connection, tenant, digest) or ""
            for digest in digests.values()
        }
        try:
            found = changed(files, texts) or files
        except Usage as error:
            log.error("activated actions of %s: %s; those of the files are used", tenant, error)
            found = files
        if len(_activated) >= _MOST_KEPT:
            _activated.clear()
        _activated[key] = found
    return found
