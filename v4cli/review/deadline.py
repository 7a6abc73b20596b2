"""A wall-clock limit that ends the process with status 0, for a hook that must not hold up a commit."""

from __future__ import annotations

import os
import signal
import sys
import threading

#: seconds that the watching thread gets before the system ends the process (native code may hold it up)
_GRACE = 2.0


def start(seconds: float, message: str) -> None:
    """After `seconds`, print `message` on standard error and end the process with status 0. 0: no limit.

    Nothing is lost: a review only reads, and the index store survives a kill.
    """
    if seconds <= 0:
        return

    def end() -> None:
        try:
            print(message, file=sys.stderr, flush=True)
        finally:
            os._exit(0)

    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
