"""`python -m v4cli.review`: the pre-commit hook, the same as `v4 review --staged --hook` and quicker to start."""

from __future__ import annotations

import sys

from ..context import Context
from .run import hook

if __name__ == "__main__":
    try:
        code = hook(Context(), staged=True, range_=None, strict=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
