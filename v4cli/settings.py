"""Settings of one run: flags, then environment V4_*, then the repository, then the user's configuration folder.

The repository's own settings come from a stranger as soon as the repository does, so they may choose budgets,
names and what to leave out; they may never name a command, a path outside the repository or a network address.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import UsageError

#: keys that a repository may set in [tool.v4] of pyproject.toml or in .v4.toml
REPOSITORY_KEYS = frozenset({"model", "budget", "exclude", "max_file_bytes", "changelog"})
ENVIRONMENT_PREFIX = "V4_"


@dataclass(slots=True)
class Settings:
    model: str = "qwen2.5-coder-1.5b"
    budget: str = ""
    """Prompt tokens for ask and pack ("8k", "1m"); empty: what suits this machine's measured speed."""
    memory: str = ""
    """Hard limit of resident memory for the model ("3GB"); empty: what the machine has to spare."""
    threads: int = 0
    """Threads for the model; 0: one per physical core this process may use."""
    cache: bool = True
    """Whether keys and values of prompts are kept between runs (V4_CACHE=0: not)."""
    cache_bytes: str = ""
    """What they may take on disk ("500MB"); empty: 2 GB. Never more than a tenth of the free disk."""
    exclude: list[str] = field(default_factory=list)
    """Glob patterns of paths that are not indexed."""
    max_file_bytes: int = 1_000_000
    """Files above this size are listed, not parsed."""
    changelog: bool = False
    """Whether refactorings also touch changelogs; history is left alone by default."""
    check: str = ""
    """A command that must pass in a worktree with the patch (flag or environment only)."""


def _coerce(name: str, value: Any, origin: str) -> Any:
    kinds = {f.name: f.type for f in fields(Settings)}
    kind = str(kinds[name])
    try:
        if kind == "int":
            return int(value)
        if kind == "bool":
            return value if isinstance(value, bool) else str(value).lower() in {"1", "true", "yes", "on"}
        if kind.startswith("list"):
            return [str(v) for v in value] if isinstance(value, list) else str(value).split(",")
        return str(value)
    except ValueError:
        raise UsageError(f"{origin}: {name} = {value!r} is not a valid {kind}") from None


def _table(path: Path, *keys: str) -> dict[str, Any]:
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return {}
    except tomllib.TOMLDecodeError as error:
        if keys:  # a broken pyproject.toml is another tool's business
            return {}
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    return table if isinstance(table, dict) else {}


def load(repository: Path | None, **flags: Any) -> Settings:
    """Settings for `repository`. Flags that are None do not count.

    Raises UsageError for a value of the wrong type or a .v4.toml that is not TOML.
    """
    import platformdirs

    known = {f.name for f in fields(Settings)}
    layers: list[tuple[str, dict[str, Any]]] = []
    user = Path(platformdirs.user_config_dir("v4")) / "config.toml"
    layers.append((str(user), _table(user)))
    if repository is not None:
        for path, keys in ((repository / "pyproject.toml", ("tool", "v4")), (repository / ".v4.toml", ())):
            table = {k: v for k, v in _table(path, *keys).items() if k in REPOSITORY_KEYS}
            layers.append((str(path), table))
    layers.append(
        (
            "environment",
            {
                name: os.environ[ENVIRONMENT_PREFIX + name.upper()]
                for name in known
                if os.environ.get(ENVIRONMENT_PREFIX + name.upper())
            },
        )
    )
    layers.append(("flag", {k: v for k, v in flags.items() if v is not None}))
    settings = Settings()
    for origin, table in layers:
        for name, value in table.items():
            if name in known:
                setattr(settings, name, _coerce(name, value, origin))
    return settings


def parse_size(text: str, what: str = "size") -> int:
    """Bytes or tokens from "3GB", "512 MB", "8k", "1m", "4096". Raises UsageError."""
    units = {"": 1, "k": 1000, "m": 1000_000, "g": 1000_000_000}
    plain = text.strip().lower().replace("_", "").replace(" ", "")
    binary = plain.endswith("ib")
    plain = plain.removesuffix("ib").removesuffix("b")
    number, unit = (plain[:-1], plain[-1]) if plain[-1:] in units and plain[-1:] else (plain, "")
    try:
        factor = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}.get(unit, 1) if binary else units[unit]
        value = float(number) * factor
        if value < 0 or value != value or value == float("inf"):
            raise ValueError
        return int(value)
    except ValueError:
        raise UsageError(f"{what}: {text!r} is not a number such as 4096, 8k, 512MB or 3GB") from None
