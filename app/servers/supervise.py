"""Child servers that cannot outlive this process.

Each runs under a guard shell that waits on a pipe which only this process keeps open: when this
process ends, for any reason, the pipe closes and the shell stops the server. The child has its own
session, so that Ctrl-C in a terminal reaches only this process, which shuts the child down.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# The pipe is descriptor 3, because a shell gives its background jobs an empty input.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{{ read -r _ <&3; kill -{signal} $server 2>/dev/null; }} & guard=$!
exec 3<&-
wait $server; code=$?
kill $guard 2>/dev/null
exit $code
"""


class Child:
    """A server process that ends with this one. environment : None = inherited."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        stop_signal: str = "TERM",
        user: int | None = None,
        group: int | None = None,
        environment: Mapping[str, str] | None = None,
        directory: str | Path = "/",
    ) -> None:
        self._program = os.fsencode(command[0]) + b"\0"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD.format(signal=stop_signal), "sh", *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                cwd=directory,
                env=environment,
            )

    @property
    def pid(self) -> int:
        """Id of the guard shell, which is also the process group of the server."""
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send a signal to the server itself, not to its guard, where it can be found."""
        try:
            guard = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            for pid in guard:
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(self._program):
                    os.kill(int(pid), number)
        except OSError:
            pass

    def alive(self) -> bool:
        """Return whether the server runs."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, at most this long."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Close the pipe and wait until the server has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
