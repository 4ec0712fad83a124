"""The encoding of a text file, and files that are no text.

A byte order mark decides. Without one, the whole file is checked as UTF-8, because one umlaut in
the last line is enough to fail; then UTF-16 by its zero bytes, then Windows-1252, which contains
the printable part of Latin-1, then Latin-1, in which every byte is a character.
"""

import codecs
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.recordings.guesses import Guess
from runtime.errors import Usage

HEAD = 1 << 16
CHUNK = 1 << 20
UTF8 = "utf-8-sig"

_BOMS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Beginnings of files that people mistake for CSV.
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF media file"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (save it as CSV)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (save it as CSV)"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd (gzip is read)"),
    (b"BZh", "compressed by bzip2 (gzip is read)"),
    (b"\xfd7zXZ", "compressed by xz (gzip is read)"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program"),
)
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\f\x1a") + b"\x7f"
# ... and of texts that are no table.
_OTHER_TEXTS = (
    (b"<", "XML or HTML"),
    (b"{", "JSON"),
    (b"UNA:", "an EDIFACT message"),
    (b"UNB+", "an EDIFACT message"),
    (b"100,NEM12,", "a NEM12 file (tachowatt import-meter reads it)"),
)
# A text has almost no control characters; this many of a thousand bytes make it binary.
_MOST_CONTROLS = 2


class TableError(Usage):
    """A file is invalid. The message names file, column, line, value and what was expected."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """How a file becomes text.

    encoding : name for `open`
    packed   : it is compressed by gzip
    guess    : how the encoding was found, None if nothing was guessed
    """

    path: Path
    encoding: str
    packed: bool
    guess: Guess | None

    @property
    def plain(self) -> bool:
        """The bytes are UTF-8, so Arrow can read them as they are."""
        return self.encoding == UTF8

    def open(self) -> IO[str]:
        """Open the file as text."""
        return io.TextIOWrapper(
            _open(self.path, self.packed), encoding=self.encoding, errors="replace", newline=""
        )

    def utf8(self) -> bytes:
        """Return the whole text as UTF-8, for files that are not."""
        with self.open() as text:
            return text.read().encode()


def _open(path: Path, packed: bool) -> Any:
    return gzip.GzipFile(path) if packed else path.open("rb")


def recognise(path: Path) -> TextFile:
    """Find out how a file becomes text.

    Raises TableError if it is no text; its message names the kind of file where it is known.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with _open(path, packed) as file:
            head = file.read(HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{path}: cannot be read ({error})") from error
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise TableError(f"{path}: is not a text file but {what}, expected CSV or Parquet")
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for text, what in _OTHER_TEXTS:
        if begin.startswith(text):
            raise TableError(f"{path}: is not a table but {what}, expected CSV or Parquet")
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return TextFile(path, encoding, packed, None)
    if b"\0" in head:
        return TextFile(path, *_utf16(path, head, packed))
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls * 1000 > _MOST_CONTROLS * len(head) + 1000:
        raise not_text(path)
    if _is(path, packed, "utf-8"):
        return TextFile(path, UTF8, packed, None)
    if sum(byte >= 0x80 for byte in head) * 3 > len(head):
        raise not_text(path)
    guess = Guess(
        "encoding", "", "Windows-1252 (Latin-1)", "the file is not valid UTF-8", "saving as UTF-8"
    )
    encoding = "cp1252" if _is(path, packed, "cp1252") else "latin-1"
    return TextFile(path, encoding, packed, guess)


def not_text(path: Path) -> TableError:
    """Make the error for a file that is neither text nor Parquet."""
    return TableError(
        f"{path}: is not a text file (neither CSV in UTF-8, UTF-16 or Latin-1, nor Parquet)"
    )


def _utf16(path: Path, head: bytes, packed: bool) -> tuple[str, bool, Guess]:
    """Recognise UTF-16 without a mark: every second byte of Western text is zero."""
    pairs = max(len(head) // 2, 1)
    first, second = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if min(first, second) > 0.02 or max(first, second) < 0.7:
        raise not_text(path)
    name = "utf-16-be" if first > second else "utf-16-le"
    guess = Guess("encoding", "", name.upper(), "every second byte is zero", "saving as UTF-8")
    return name, packed, guess


def _is(path: Path, packed: bool, encoding: str) -> bool:
    """Return whether the whole file is valid in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _open(path, packed) as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    except (OSError, EOFError, zlib.error):
        return True  # the reader names this error better
    return True
