"""The playbooks in use: files, reloaded on change; an invalid file keeps its last valid text."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from customer_context.playbooks.check import load
from customer_context.playbooks.model import Playbook
from runtime.errors import Usage
from runtime.metrics import Metrics
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
        self.errors: dict[str, str] = {}
        """File name → why it is not used."""

    def playbooks(self) -> list[Playbook]:
        """Return the playbooks in use, by id."""
        return [self._playbooks[id_] for id_ in sorted(self._playbooks)]

    def refresh(self, connection: Connection, now_us: int) -> bool:
        """Check the files; where they have changed, load them and store the texts in use.

        In the caller's transaction. Returns True where files have changed. Where all files are
        invalid or the folder is missing, the last valid texts stay in use, also after a restart.
        """
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
            playbook = load(text, file)
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


def in_use(connection: Connection) -> dict[str, Playbook]:
    """Load the stored texts, by id: those that the service uses."""
    found = {}
    for text in stored.last_good(connection):
        try:
            found[text.playbook] = load(text.text, text.file)
        except Usage as error:  # valid for an older program, but not for this one
            log.error("the stored text of playbook %s: %s", text.playbook, error)
    return found
