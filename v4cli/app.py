"""The Typer application. Each command lives in commands/, one file a command or group.

Command modules are imported only when they are asked for, so that `v4 --help` and the hook start quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from . import __version__

#: name -> (module below v4cli.commands, attribute, one-line help), in the order that help shows
COMMANDS: dict[str, tuple[str, str, str]] = {
    "ask": ("ask", "app", "Answer a question about the repository, with checked citations."),
    "refactor": ("refactor", "app", "Turn an instruction into a plan and a git patch."),
    "review": ("review", "app", "Find what a change breaks, exactly, from the graph."),
    "hook": ("hook", "app", "Install, remove or show the git pre-commit hook."),
    "index": ("index", "app", "Build or refresh the index and summarise the repository."),
    "graph": ("graph", "app", "Query the graph: imports, importers, definitions, references."),
    "search": ("search", "app", "Find definitions and passages by words and names."),
    "pack": ("pack", "app", "Print the packed context of the repository."),
    "model": ("model", "app", "List, fetch, describe and measure models."),
    "cache": ("cache", "app", "Show or clear what is kept between runs."),
    "doctor": ("doctor", "app", "Say what this machine can run."),
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are named; listing them needs only COMMANDS."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if ctx.resilient_parsing or getattr(ctx, "_v4_listing", False):
            return TyperCommand(cmd_name, short_help=COMMANDS[cmd_name][2], help=COMMANDS[cmd_name][2])
        module, attribute, _ = COMMANDS[cmd_name]
        target: Any = getattr(import_module(f".commands.{module}", __package__), attribute)
        target.rich_markup_mode, target._add_completion = None, False  # help looks the same everywhere
        command = typer.main.get_command(target)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        ctx._v4_listing = True
        super().format_help(ctx, formatter)


app = typer.Typer(
    cls=LazyGroup,
    name="v4",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Ask about, refactor and guard a repository with a code graph and an embedded model. "
    "Nothing leaves this machine.",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"v4 {__version__}")
        raise typer.Exit()


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    pass
