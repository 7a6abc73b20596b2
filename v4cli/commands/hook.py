"""v4 hook: install, remove or show the git pre-commit hook."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer

from ..options import Debug, Json, Quiet, Repo, context

if TYPE_CHECKING:
    from ..review.hook_file import HookState

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The git pre-commit hook, which runs `v4 review --staged --hook`.\n\n"
    "It blocks a commit only on findings of level error, never on a failure of its own. "
    "SKIP=v4 git commit skips it once.",
)


@app.command()
def install(
    force: bool = typer.Option(
        False, "--force", help="Also into a hooks folder outside the repository, or over a dispatching hook."
    ),
    repo: Repo = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Install the hook and build the index. A hook that is there is kept as pre-commit.v4-saved and runs first."""
    from ..review import hook_file
    from ..review.git import Git

    ctx = context(repo, None, json, quiet, debug)
    state = hook_file.install(Git(ctx.root), force=force)
    if json:
        ctx.output.json("hook install", _as_json(state))
    else:
        first = f"; {state.saved.name} runs first" if state.saved else ""
        ctx.output.print(f"installed {state.path}{first}")
    if ctx.root in state.path.resolve().parents and ".git" not in state.path.parts:
        ctx.output.note("it holds paths of this machine and lies in the work tree: leave it out of commits")
    with suppress(OSError, RuntimeError):  # the first commit is quicker with it; the hook works without
        ctx.index()


@app.command()
def uninstall(repo: Repo = None, json: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Remove the hook and put back the one that was there before, byte for byte."""
    from ..review import hook_file
    from ..review.git import Git

    ctx = context(repo, None, json, quiet, debug)
    state = hook_file.uninstall(Git(ctx.root))
    if json:
        ctx.output.json("hook uninstall", _as_json(state))
        return
    ctx.output.print(f"{'restored' if state.foreign else 'removed'} {state.path}")


@app.command()
def status(repo: Repo = None, json: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Say whether the hook is installed, in which version and where. Exit 0 if it is, else 1."""
    from ..review import hook_file
    from ..review.git import Git

    ctx = context(repo, None, json, quiet, debug)
    state = hook_file.state(Git(ctx.root))
    if json:
        ctx.output.json("hook status", _as_json(state))
    elif state.installed:
        first = f"; {state.saved.name} runs first" if state.saved else ""
        ctx.output.print(f"installed, version {state.version}: {state.path}{first}")
    else:
        ctx.output.print(f"not installed{'; another hook is' if state.foreign else ''}: {state.path}")
    raise typer.Exit(0 if state.installed else 1)


def _as_json(state: HookState) -> dict[str, Any]:
    return {
        "path": str(state.path),
        "installed": state.installed,
        "version": state.version,
        "saved": str(state.saved) if state.saved else None,
        "other_hook": state.foreign,
        "outside_repository": state.shared,
    }
