"""Let one system user pass through folders that are closed to others, by access control lists.

An entry `user:NAME:--x` lets that user enter a folder and nobody else; it cannot list the folder.
The kernel's form: a version, then (tag, permissions, id) for each entry (`man 5 acl`,
linux/posix_acl_xattr.h).
"""

import os
import pwd
import stat
import struct
from pathlib import Path

_NAME = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _NAMED_GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NO_ID = 0xFFFFFFFF
_X = 1

Entry = tuple[int, int, int]
"""(tag, permissions, id)"""


def closed_to(user: pwd.struct_passwd, path: Path) -> list[Path]:
    """Return the folders above `path` that this user may not enter, outermost first."""
    return [folder for folder in reversed(path.resolve().parents) if not _may_enter(user, folder)]


def open_to(user: pwd.struct_passwd, folder: Path) -> bool:
    """Let the user enter a folder; return False where its file system has no such lists."""
    entries = [e for e in _entries(folder) if not (e[0] == _USER and e[2] == user.pw_uid)]
    groups = [perm for tag, perm, _ in entries if tag in (_GROUP, _NAMED_GROUP, _USER)]
    mask = next((perm for tag, perm, _ in entries if tag == _MASK), max(groups, default=0)) | _X
    kept = [entry for entry in entries if entry[0] != _MASK]
    made = sorted([*kept, (_USER, _X, user.pw_uid), (_MASK, mask, _NO_ID)])
    try:
        os.setxattr(folder, _NAME, _VERSION + b"".join(_ENTRY.pack(*entry) for entry in made))
    except (OSError, AttributeError):  # AttributeError: not on Linux
        return False
    return _may_enter(user, folder)


def _may_enter(user: pwd.struct_passwd, folder: Path) -> bool:
    found = folder.stat()
    entries = _entries(folder)
    mask = next((perm for tag, perm, _ in entries if tag == _MASK), 7)
    if found.st_uid == user.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    for tag, perm, id_ in entries:
        if tag == _USER and id_ == user.pw_uid:
            return bool(perm & mask & _X)
    if found.st_gid == user.pw_gid:
        return any(perm & mask & _X for tag, perm, _ in entries if tag == _GROUP)
    return bool(found.st_mode & stat.S_IXOTH)


def _entries(folder: Path) -> list[Entry]:
    """Return the list of a folder; from its mode where it has none."""
    try:
        raw = os.getxattr(folder, _NAME)
    except (OSError, AttributeError):
        mode = folder.stat().st_mode
        return [
            (_OWNER, mode >> 6 & 7, _NO_ID),
            (_GROUP, mode >> 3 & 7, _NO_ID),
            (_OTHER, mode & 7, _NO_ID),
        ]
    return [(tag, perm, id_) for tag, perm, id_ in _ENTRY.iter_unpack(raw[len(_VERSION) :])]
