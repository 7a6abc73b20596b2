"""Carrying operations out by their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from carrying_out import Done, carry_out, contents

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.plan import kinds
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def done(make_repository: MakeRepository) -> Callable[..., Done]:
    """done(kind, files, script="", **fields) -> what came of the operation."""

    def run(kind: str, files: Mapping[str, str], script: str = "", **fields: object) -> Done:
        return carry_out(make_repository(contents(files)), kinds()[kind].model_validate(fields), script)

    return run


@pytest.fixture
def refused(make_repository: MakeRepository, tmp_path: Path) -> Callable[..., str]:
    """The reason for which an operation does nothing."""

    def run(kind: str, files: Mapping[str, str], **fields: object) -> str:
        index = Index.open(make_repository(contents(files)), cache_dir=tmp_path / "cache").refresh()
        with pytest.raises((Refused, NothingToDo)) as error:
            kinds()[kind].model_validate(fields).apply(Workspace(index))
        return str(error.value)

    return run
