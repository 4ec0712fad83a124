"""The playbooks in use: files, reloaded on change, and versions that people have activated.

An invalid file keeps its last valid text. An activated version replaces its playbook for its tenant
(services/rule_versions.py).
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from customer_context.playbooks.check import load
from customer_context.playbooks.model import Playbook
from runtime.errors import Usage
from runtime.metrics import Metrics
from services.rule_versions import RuleKind
from store.casework import rules as activated_rules
from store.postgres.pool import Connection
from store.signals import playbooks as stored

log = logging.getLogger("services.playbooks")

_KEPT = "the last good text stays in use"

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The content of a folder: texts by file name, and errors of unreadable files."""

    texts: dict[str, str]
    unreadable: dict[str, str]


class Rules:
    """The playbooks of one process.

    directory : None = the shipped ones. Not thread-safe.
    """

    def __init__(self, directory: Path | None, metrics: Metrics) -> None:
        self._directory = directory
        self._metrics = metrics
        self._stamp: Stamp | None = None
        self._playbooks: dict[str, Playbook] = {}
        self._kept: tuple[list[stored.Text], dict[str, str]] | None = None
        self._activation: int | None = None
        self._of_tenants: dict[str, dict[str, Playbook]] = {}
        self.errors: dict[str, str] = {}
        """File name → why it is not used."""

    def playbooks(self) -> list[Playbook]:
        """Return the playbooks in use, by id."""
        return [self._playbooks[id_] for id_ in sorted(self._playbooks)]

    def of_tenants(self) -> dict[str, list[Playbook]]:
        """Return the playbooks of each tenant that has activated one, by id."""
        merged = {tenant: {**self._playbooks, **own} for tenant, own in self._of_tenants.items()}
        return {tenant: [own[id_] for id_ in sorted(own)] for tenant, own in merged.items()}

    def refresh(self, connection: Connection, now_us: int) -> bool:
        """Read what was activated since; check the files, load and store what has changed in them.

        In the caller's transaction. Returns True where files have changed. Where all files are
        invalid or the folder is missing, the last valid texts stay in use, also after a restart.
        """
        newest = activated_rules.last_activation(connection, "playbook")
        if newest != self._activation:
            self._of_tenants, self._activation = activated(connection), newest
        stamp = _stamp(self._directory)
        if stamp == self._stamp:
            if self._kept is not None:  # the transaction that stored them may have failed
                stored.keep(connection, *self._kept, now_us)
                self._kept = None
            return False
        before = self._playbooks or in_use(connection)
        self._take(read(self._directory), before)
        texts = [
            stored.Text(p.id, p.digest, p.text, p.file, self.errors.get(p.file))
            for p in self._playbooks.values()
        ]
        files = {text.file for text in texts}
        unused = {file: error for file, error in self.errors.items() if file not in files}
        self._stamp, self._kept = stamp, (texts, unused)
        stored.keep(connection, texts, unused, now_us)
        return True

    def _take(self, found: Found, before: dict[str, Playbook]) -> None:
        loaded, errors = load_all(found)
        known = set(self.errors.items())
        for file, error in errors.items():
            if (file, error) not in known:
                kept = file == "." or any(playbook.file == file for playbook in before.values())
                log.error("%s; %s", error, _KEPT if kept else "it is not used")
            for playbook in before.values():
                broken = playbook.file == file or (file == "." and playbook.id not in loaded)
                if broken and playbook.id not in loaded:
                    loaded[playbook.id] = playbook
        for id_, playbook in loaded.items():
            if id_ not in before or before[id_].digest != playbook.digest:
                log.info("playbook %s version %d is in use", id_, playbook.spec.version)
        self._playbooks, self.errors = loaded, errors
        self._metrics.playbooks_broken.set(len(errors))


def read(directory: Path | None) -> Found:
    """Read the files *.yaml of a folder (None = the shipped ones). '.' means the folder itself."""
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    try:
        files = _files(directory)
    except OSError as error:
        return Found({}, {".": f"{directory}: {error.strerror or error}"})
    for file in files:
        try:
            texts[file.name] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            unreadable[file.name] = f"{file.name}: {error}"
    return Found(texts, unreadable)


def load_all(found: Found) -> tuple[dict[str, Playbook], dict[str, str]]:
    """Load a folder's texts; return (valid playbooks by id, errors by file)."""
    loaded: dict[str, Playbook] = {}
    errors = dict(found.unreadable)
    for file, text in sorted(found.texts.items()):
        try:
            playbook = cached(text, file)
        except Usage as error:
            errors[file] = str(error)
            continue
        except Exception as error:  # no error of one file may stop the service
            errors[file] = f"{file}: {type(error).__name__}: {error}"
            continue
        other = loaded.setdefault(playbook.id, playbook)
        if other is not playbook:
            errors[file] = (
                f"{file}: id: {playbook.id!r} is also the id of {other.file}; ids must differ"
            )
    return loaded, errors


def _files(directory: Path | None) -> list[Traversable]:
    folder: Traversable = (
        resources.files("customer_context.playbooks") / "shipped"
        if directory is None
        else directory
    )
    return sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)


def _stamp(directory: Path | None) -> Stamp:
    """Return a stamp that changes with every file; the shipped files never change at run time."""
    if directory is None:
        return ()
    try:
        return tuple(_stamps(sorted(directory.glob("*.yaml"))))
    except OSError:
        return (("", 0, 0),)


def _stamps(files: Iterable[Path]) -> Iterable[tuple[str, int, int]]:
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            yield file.name, -1, -1
        else:
            yield file.name, stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=512)
def cached(text: str, file: str) -> Playbook:
    """Load a text, each once in a process. Raises `Usage`."""
    return load(text, file)


def in_use(connection: Connection) -> dict[str, Playbook]:
    """Load the stored texts of files, by id: those that the service uses."""
    found = {}
    for text in stored.last_good(connection):
        try:
            found[text.playbook] = cached(text.text, text.file)
        except Usage as error:  # valid for an older program, but not for this one
            log.error("the stored text of playbook %s: %s", text.playbook, error)
    return found


def base(connection: Connection, directory: Path | None = None) -> dict[str, Playbook]:
    """Return the playbooks of files, by id: those that the service uses.

    While no service has stored any: those of the directory; None = the shipped ones.
    """
    found = in_use(connection)
    if found or stored.unused_files(connection):
        return found
    return load_all(read(directory))[0]


PLAYBOOK: RuleKind[Playbook] = RuleKind("playbook", cached, base, "trigger")


def in_force(
    connection: Connection, tenant: str, directory: Path | None = None
) -> dict[str, Playbook]:
    """Return the playbooks of a tenant, by id: those of files, and those that it has activated."""
    return {**base(connection, directory), **activated(connection).get(tenant, {})}


def activated(connection: Connection) -> dict[str, dict[str, Playbook]]:
    """Return tenant → id → playbook that was activated and is in force.

    One that this program cannot use any more is left out: the file's is used instead.
    """
    found: dict[str, dict[str, Playbook]] = {}
    for row in activated_rules.newest(connection, "playbook"):
        try:
            playbook = cached(row["text"], row["digest"][:12])
        except Usage as error:
            tenant = row["tenant"]
            log.error("an activated playbook of %s: %s; that of the file is used", tenant, error)
            continue
        found.setdefault(row["tenant"], {})[playbook.id] = playbook
    return found


def as_begun(
    connection: Connection, tenant: str, playbooks: Iterable[Playbook], digests: Mapping[str, str]
) -> list[Playbook]:
    """Return playbooks in the version that an episode was first decided with, where it is recorded.

    digests : playbook → of the text that has decided first.
    """
    found = []
    for playbook in playbooks:
        digest = digests.get(playbook.id, playbook.digest)
        text = None
        if digest != playbook.digest:
            text = activated_rules.text(connection, tenant, digest)
        found.append(playbook if text is None else cached(text, digest[:12]))
    return found
