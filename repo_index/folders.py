"""Folders of paths."""

from __future__ import annotations


def shared_folders(folder: str, path: str) -> int:
    """How many folders from the top `folder` and the file `path` have in common."""
    count = 0
    for mine, other in zip(folder.split("/"), path.split("/")[:-1], strict=False):
        if mine != other:
            break
        count += 1
    return count
