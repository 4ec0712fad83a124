"""A worker owns its partition again, after it was closed as by a crash."""

from ingest.partition.worker import Worker
from runtime.clock import SystemClock
from runtime.errors import Owned
from tests.patience import patient


def reopen(worker: Worker) -> None:
    """Close `worker` and own its partition again, as `DirectLog.start` does.

    PostgreSQL ends a session, and its locks, a moment after the client has closed it: until then
    the partition has an owner. Raises `Owned` where it still has one after 30 s.
    """
    worker.close()
    clock = SystemClock()
    until = clock.monotonic() + patient(30.0)
    while True:
        try:
            worker.open()
            return
        except Owned:
            if clock.monotonic() > until:
                raise
