"""What basedpyright and jedi say of places in a pinned release, kept in the user's cache folder.

An answer depends on the versions of the tool and of Python, on the release's digest, on the source roots and on the
place alone, so it is asked for once: a second run of a comparison asks nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.python_oracles import CACHE, LanguageServer, Place, jedi_places, versions
from benchmarks.releases import PINNED

_SAVED_EVERY = 20


class Answers:
    """Places by (question, place), of one tool in one release."""

    def __init__(self, tool: str, release: str, roots: Iterable[str], cache: Path = CACHE) -> None:
        known = versions()
        key = [tool, known[tool], known["python"], release, *PINNED[release], *roots]
        name = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
        self._file = cache / "answers" / f"{tool}-{release}-{name}.json"
        self._known: dict[str, list[list[str | int]]] = {}
        if self._file.is_file():
            self._known = json.loads(self._file.read_text(encoding="utf-8"))
        self._unsaved = 0

    def known(self, question: str, place: Place) -> set[Place] | None:
        found = self._known.get(json.dumps([question, *place]))
        return None if found is None else {(str(path), int(line), int(column)) for path, line, column in found}

    def add(self, question: str, place: Place, answer: Iterable[Place]) -> None:
        self._known[json.dumps([question, *place])] = [list(p) for p in sorted(answer)]
        self._unsaved += 1
        if self._unsaved >= _SAVED_EVERY:
            self.save()

    def save(self) -> None:
        if self._unsaved:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            scratch = self._file.with_suffix(f".{os.getpid()}")
            scratch.write_text(json.dumps(self._known), encoding="utf-8")
            scratch.replace(self._file)
            self._unsaved = 0


class Basedpyright:
    """The language server over the sources of a release; it is started when something is not known yet."""

    def __init__(self, release: str, root: Path, roots: Sequence[str]) -> None:
        self._answers = Answers("basedpyright", release, roots)
        self._root, self._roots = root, roots
        self._server: LanguageServer | None = None

    def __enter__(self) -> Basedpyright:
        return self

    def __exit__(self, *error: object) -> None:
        self._answers.save()
        if self._server is not None:
            self._server.__exit__(*error)

    def references(self, place: Place) -> set[Place]:
        """Places of the name that is defined at a place."""
        return self._ask("references", place)

    def definitions(self, place: Place) -> set[Place]:
        """Where the name at a place is defined."""
        return self._ask("definition", place)

    def _ask(self, question: str, place: Place) -> set[Place]:
        found = self._answers.known(question, place)
        if found is None:
            if self._server is None:
                self._server = LanguageServer(self._root, self._roots)
            found = self._server.places(question, place)
            self._answers.add(question, place, found)
        return found


def jedi(
    question: str, release: str, root: Path, roots: Sequence[str], places: Iterable[Place]
) -> dict[Place, set[Place]]:
    """What jedi answers ("references" or "definition") at each place; nothing where it ends with an error."""
    answers = Answers("jedi", release, roots)
    found = {p: answers.known(question, p) for p in sorted(set(places))}
    missing = [p for p, answer in found.items() if answer is None]
    for place, answer in zip(missing, jedi_places(question, root, roots, missing) if missing else (), strict=True):
        found[place] = answer if isinstance(answer, set) else set()
        answers.add(question, place, found[place] or ())
    answers.save()
    return {place: answer or set() for place, answer in found.items()}
