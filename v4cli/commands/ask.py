"""`v4 ask`: a question about the repository, answered with checked citations."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import options
from ..errors import UsageError
from ..settings import parse_size

app = typer.Typer()


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="TOKENS", help="Prompt tokens (4k, 8192; default: what this machine reads in 20 s)."
        ),
    ] = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Only what the graph answers exactly.")] = False,
    repo: options.Repo = None,
    model: options.Model = None,
    no_cache: options.NoCache = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Answer a question about the repository, with citations path:line that are checked to exist.

    Questions that the graph answers exactly (where is X defined, who imports Y, what calls Z, what breaks if)
    need no model. Exit 1: nothing in the repository matches the question.
    """
    from ..answering import answer as answering
    from ..answering import budget as budgets
    from ..errors import NothingToDo

    context = options.context(repo, model, json, quiet, debug, no_cache)
    out = context.output
    question = " ".join(question.split())
    if not question:
        raise UsageError('ask needs a question, as in: v4 ask "where is Session defined?"')
    settings = context.settings(budget=budget)
    tokens = parse_size(settings.budget, "--budget") if settings.budget else 0
    index = context.index()
    result = answering.from_graph(question, index)
    if result is not None:
        out.print(result.text)
    elif no_model:
        raise NothingToDo("the graph alone does not answer this: ask without --no-model, or name a symbol or a file")
    else:
        from ..models import open_model

        result = answering.from_model(
            question,
            index,
            lambda: open_model(context),
            lambda m: tokens or budgets.budget(m),
            out.stream,
            out.note,
            strict=bool(tokens),
        )
        out.print()
        if result.citations:
            out.print()
            out.print("Sources: " + ", ".join(map(str, result.citations)))
        for line in result.notes:
            out.note(f"note: {line}")
    if json:
        out.json("ask", {"question": question, **result.as_json()})
