"""The import graph as one HTML page that opens from disk: no network, nothing of the repository is ever run.

The page holds its library, its script and its data. A Content-Security-Policy lets only these two scripts run (by
hash) and forbids every request; text of the repository reaches the page as JSON and is shown as text alone.
"""

from .page import page

__all__ = ["page"]
