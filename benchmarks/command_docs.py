"""Writes docs/commands.md from the commands' own help: python -m benchmarks.command_docs > docs/commands.md

The texts are those of --help; the layout is made here, so that it does not change with the version of Typer or
the width of a terminal.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from v4cli.app import app

_HEAD = """# Commands

Made from `--help` by `make docs`; a test checks that it is current. Every command also has `--help`.

Exit codes: 0 done; 1 done, with findings or with nothing to do; 2 wrong usage; 3 refused, since a check failed:
nothing was written; 4 the environment lacks something (no repository, no model, no memory); 130 interrupted.
"""
_EVERYWHERE = ("--help", "--install-completion", "--show-completion")


def commands(command: Any, name: str, parent: typer.Context | None = None) -> Iterator[tuple[str, Any]]:
    """(command line, command) of a command and of all below it, in the order that help lists them."""
    context = typer.Context(command, info_name=name, parent=parent)
    yield context.command_path.strip(), command
    if hasattr(command, "list_commands"):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None and not found.hidden:
                yield from commands(found, child, context)


def _paragraphs(text: str) -> str:
    """Help text with each paragraph on one line, as --help fills them."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text.replace("\b", "")).split("\n\n"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _value(parameter: Any) -> str:
    """What stands for an option's value: nothing for a flag, the choices, or a word in capitals."""
    if getattr(parameter, "is_flag", False):
        return ""
    choices = type(parameter.default) if isinstance(parameter.default, Enum) else ()
    return " " + (parameter.metavar or "|".join(str(c.value) for c in choices) or parameter.name.upper())


def _default(parameter: Any) -> str:
    shown = getattr(parameter, "show_default", None)
    value = shown if isinstance(shown, str) else getattr(parameter.default, "value", parameter.default)
    if callable(value) or value is None or value is False or value in ("", (), [], 0):
        return ""
    return f" Default: {value if not isinstance(value, (list, tuple)) else ', '.join(map(str, value))}."


def _section(path: str, command: Any) -> str:
    parameters = [p for p in command.params if not getattr(p, "hidden", False)]
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    options = [p for p in parameters if p.param_type_name == "option" and p.opts[0] not in _EVERYWHERE]
    names = {id(p): (p.metavar or p.name.upper()).strip("[]{}") for p in arguments}
    usage = [path, *(["[OPTIONS]"] if options else [])]
    usage += [names[id(p)] if p.required else f"[{names[id(p)]}]" for p in arguments]
    usage += ["COMMAND ..."] if hasattr(command, "list_commands") else []
    lines = [f"{'#' * min(2 + path.count(' '), 4)} {path}", "", f"`{' '.join(usage)}`", ""]
    lines += [_paragraphs(command.help or ""), ""]
    rows = [(_cell(names[id(p)]), _cell(p.help or "")) for p in arguments]
    for option in options:
        spelled = ", ".join([*option.opts, *option.secondary_opts]) + _value(option)
        rows.append((_cell(spelled), _cell((option.help or "") + _default(option))))
    if rows:
        lines += ["| | |", "| --- | --- |", *(f"| `{name}` | {text} |" for name, text in rows), ""]
    return "\n".join(lines)


def render() -> str:
    """The whole document."""
    sections = [_section(path, command) for path, command in commands(typer.main.get_command(app), "v4")]
    return "\n".join([_HEAD, *sections])


if __name__ == "__main__":
    sys.stdout.write(render())
