"""Search by words and by names: SQLite FTS5 over definitions and windows of text, fused with name matching.

The tables mirror the files of one index: they are brought up to date at the first search, file by file, where
the blob hash differs. So a result depends on the files alone, not on what was indexed before.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import basename
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .associations import FIELDS
from .file_scores import FileScores
from .meaning import by_meaning
from .outline import definitions_of
from .records import FileRecord, Hit
from .search_units import Unit, units
from .side_store import connect, discard
from .words import SYNONYMS, Query, parse_query, split_identifier, stem

if TYPE_CHECKING:
    from .index import Index

#: rises when the tables, or what is indexed of a file, change
VERSION = 1
FILE_NAME = "search.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS search_file (path BLOB PRIMARY KEY, stamp TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS search_unit (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL,
    qualified TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL, kind TEXT NOT NULL, snippet TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS search_unit_path ON search_unit (path);
CREATE INDEX IF NOT EXISTS search_unit_folded ON search_unit (folded) WHERE folded != '';
CREATE VIRTUAL TABLE IF NOT EXISTS search_words USING fts5(
    name, place, signature, doc, body, tokenize = 'porter unicode61', detail = column);
"""
#: of the columns of search_words: name, place, signature, doc, body
_WEIGHTS = (4.0, 1.5, 2.0, 3.0, 1.0)
_CANDIDATES = 300
_MANY = 50
#: share of a BM25 score that does not depend on how many words of the query occur; weight of those in the name.
#: Chosen on 41 questions about flask, requests, fastapi and tornado: 25 right firsts, 36 within the first five.
_BASE, _NAMED = 0.4, 1.0
#: weights of words in the place of a unit, of its file's score, of the share of its name that the query says, and of
#: words inside a name. Chosen on the development set of benchmarks/search_docstrings.py.
_PLACED, _FILE, _SAID, _INSIDE = 0.5, 0.5, 0.5, 1.0
#: a query of many words mostly says what something does: what does nothing by itself counts less then
_ACTIONS, _NO_ACTION = ("function", "method", "local", "text"), 0.6
_TEST_WORDS = frozenset("test tests testing tested fixture fixtures mock mocks pytest unittest spec".split())
_ROLE = {"test": 0.45, "generated": 0.3, "doc": 0.65, "config": 0.8}
_KIND = {"text": 0.7, "local": 0.6, "attribute": 0.75, "variable": 0.75, "constant": 0.85}
_HISTORY = ("changelog", "changes", "history", "news", "release")


def _key(path: str) -> bytes:
    """Paths may hold bytes that are not UTF-8, which SQLite's text cannot."""
    return path.encode("utf-8", "surrogateescape")


def _path(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")


def _fold(name: str) -> str:
    return name.replace("_", "").lower()


#: the tables of each index that was searched in this process
_tables: WeakKeyDictionary[Index, SearchTables] = WeakKeyDictionary()


def search(
    index: Index,
    query: str,
    *,
    limit: int = 20,
    languages: Collection[str] | None = None,
    paths: Collection[str] | None = None,
) -> list[Hit]:
    """Definitions and passages of text for a question or some words, best first.

    `languages` and `paths` (paths, folders or globs) narrow the result. Scores compare hits of one query only.
    The work tree's tables are kept on disk; those of commits and overlays live as long as their index.
    """
    from .snapshot import WorkTree

    for last in (False, True):
        tables = _tables.get(index)
        try:
            if tables is None:
                kept = not last and isinstance(index._source, WorkTree)
                tables = SearchTables(connect(index if kept else None, FILE_NAME, _SCHEMA, VERSION))
                _tables[index] = tables
            return tables.run(index, query, limit=limit, languages=languages, paths=paths)
        except sqlite3.Error as error:  # locked, full or damaged: this process goes on in memory
            _tables.pop(index, None)
            if tables is not None:
                tables.connection.close()
            if last:
                raise
            if not isinstance(error, sqlite3.OperationalError):
                discard(Path(index.store.path).with_name(FILE_NAME))
    return []


class SearchTables:
    """The search tables of one index in an SQLite database. Not for use from several threads at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def run(self, index: Index, query: str, **options: Any) -> list[Hit]:
        """Bring the tables up to date and search them, in one transaction."""
        try:
            self.update(index)
            hits = self.search(index, query, **options)
            self.connection.execute("COMMIT")
            return hits
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def update(self, index: Index) -> int:
        """Make the tables mirror the index, in one transaction that is left open, so that what is read next is
        what was made; returns how many files were read."""
        run = self.connection.execute
        run("BEGIN")
        stale, fresh = self._difference(index)
        if not stale and not fresh:
            return 0
        run("ROLLBACK")
        if len(fresh) > _MANY:
            index.symbols()  # reads the definitions of all files with one query
        made = {path: _units(index, _path(path)) for path in fresh}
        run("BEGIN IMMEDIATE")
        stale, fresh = self._difference(index)  # another process may have been quicker
        for path in stale:
            self._remove(path)
        for path, stamp in fresh.items():
            self._add(path, stamp, made[path] if path in made else _units(index, _path(path)))
        return len(made)

    def _difference(self, index: Index) -> tuple[list[bytes], dict[bytes, str]]:
        """Paths to remove, and paths to add with their stamps."""
        wanted = {_key(r.path): _stamp(index, r) for r in index.files() if _searchable(r)}
        have = {bytes(path): stamp for path, stamp in self.connection.execute("SELECT path, stamp FROM search_file")}
        stale = [path for path, stamp in have.items() if wanted.get(path) != stamp]
        return stale, {path: wanted[path] for path in sorted(wanted) if have.get(path) != wanted[path]}

    def _remove(self, path: bytes) -> None:
        run = self.connection.execute
        run("DELETE FROM search_words WHERE rowid IN (SELECT id FROM search_unit WHERE path = ?)", (path,))
        run("DELETE FROM search_unit WHERE path = ?", (path,))
        run("DELETE FROM search_file WHERE path = ?", (path,))

    def _add(self, path: bytes, stamp: str, found: list[Unit]) -> None:
        run = self.connection.execute
        run("INSERT INTO search_file VALUES (?, ?)", (path, stamp))
        for u in found:
            row = (path, u.start_line, u.end_line, u.qualified, u.name, _fold(u.name), u.kind, u.snippet)
            at = run("INSERT INTO search_unit VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", row).lastrowid
            words = (at, u.name_words, u.place_words, u.signature_words, u.doc_words, u.body_words)
            run("INSERT INTO search_words (rowid, name, place, signature, doc, body) VALUES (?,?,?,?,?,?)", words)

    def search(
        self,
        index: Index,
        query: str,
        *,
        limit: int = 20,
        languages: Collection[str] | None = None,
        paths: Collection[str] | None = None,
    ) -> list[Hit]:
        """The best hits, best first; ties by path and line. See search() below."""
        parsed = parse_query(query)
        if not (parsed.terms or parsed.identifiers) or limit <= 0:
            return []
        words, rarities = self._by_words(parsed)
        names = self._by_names(parsed)
        for at, bonus in self._by_files(index, query).items():
            names[at] = names.get(at, 0.0) + bonus
        for at, meant in by_meaning(query, rarities, self._words(words.keys() | names.keys())).items():
            words[at] = words.get(at, 0.0) + meant
        describes = len(parsed.terms) >= 4 and not {"class", "classes"} & set(query.lower().split())
        about_tests = bool(_TEST_WORDS & set(parsed.terms))
        hits = []
        for at, (path, start, end, qualified, kind, snippet) in self._rows(words.keys() | names.keys()).items():
            record = index.file(path)
            if record is None or not _wanted(record, languages, paths):
                continue
            score = (words.get(at, 0.0) + names.get(at, 0.0)) * _factor(record, kind, about_tests)
            if describes and kind not in _ACTIONS:
                score *= _NO_ACTION
            symbol = f"{path}::{qualified}" if qualified else None
            hits.append(Hit(path, start, end, round(score, 6), symbol, snippet))
        hits.sort(key=lambda h: (-h.score, h.path, h.start_line, -h.end_line, h.symbol or ""))
        once = {h.symbol or (h.path, h.start_line): h for h in reversed(hits)}  # overloads share a symbol
        return [h for h in hits if once[h.symbol or (h.path, h.start_line)] is h][:limit]

    def _by_words(self, query: Query) -> tuple[dict[int, float], dict[str, float]]:
        """Unit -> BM25 relative to the best (0..1), less for units that lack telling words of the query, and up to
        1 more for those whose name holds them; and how rare each term of the query is."""
        if not query.terms:
            return {}, {}
        phrases = {term: " OR ".join(f'"{t}"' for t in (term, *SYNONYMS.get(term, ()))) for term in query.terms}
        run = self.connection.execute
        found = run(
            f"SELECT rowid, -bm25(search_words, {', '.join(map(str, _WEIGHTS))}) AS score FROM search_words "
            "WHERE search_words MATCH ? ORDER BY score DESC LIMIT ?",
            (" OR ".join(phrases.values()), _CANDIDATES + 1),
        ).fetchall()
        if len(found) > _CANDIDATES and found[0][1] > found[-1][1]:  # which of equals came in depends on the past
            found = [row for row in found if row[1] > found[-1][1]]
        if not found:
            return {}, {}
        total = run("SELECT count(*) FROM search_unit").fetchone()[0]
        covered = dict.fromkeys((at for at, _ in found), 0.0)
        named = dict.fromkeys(covered, 0.0)
        placed = dict.fromkeys(covered, 0.0)
        weights: dict[str, float] = {}
        files = FileScores(run("SELECT id, path FROM search_unit"))
        for term, phrase in phrases.items():
            having = [at for (at,) in run("SELECT rowid FROM search_words WHERE search_words MATCH ?", (phrase,))]
            weight = weights[term] = math.log(1 + total / (1 + len(having)))
            files.add(having)
            for at in covered.keys() & having:
                covered[at] += weight
            for column, into in (("name", named), ("place", placed)):
                match = f"{column} : ({phrase})"
                for (at,) in run("SELECT rowid FROM search_words WHERE search_words MATCH ?", (match,)):
                    if at in into:
                        into[at] += weight
        best, telling = found[0][1] or 1.0, sum(weights.values())
        parts = self._name_parts(covered, weights)
        scores = {
            at: score / best * (_BASE + (1 - _BASE) * covered[at] / telling)
            + _NAMED * named[at] / telling
            + _PLACED * placed[at] / telling
            + _FILE * files.relative(at)
            + parts[at]
            for at, score in found
        }
        return scores, weights

    def _name_parts(self, wanted: Collection[int], weights: Mapping[str, float]) -> dict[int, float]:
        """Unit -> how much of its name the query says, and how much of the query stands inside a name that is written
        without a break (`isempty`)."""
        stems = {stem(t): w for t, w in weights.items()}
        for term, weight in weights.items():
            for other in SYNONYMS.get(term, ()):
                stems.setdefault(stem(other), weight)
        telling = sum(weights.values()) or 1.0
        found = {}
        for at, (_, _, _, qualified, _, _) in self._rows(wanted).items():
            name = qualified.rpartition(".")[2]
            words = {stem(w) for w in split_identifier(name)}
            said = len(words & stems.keys()) / max(2, len(words))
            whole = name.replace("_", "").lower()
            inside = sum(w for s, w in stems.items() if len(s) >= 4 and s not in words and s in whole)
            found[at] = _SAID * said + _INSIDE * inside / telling
        return found

    def _words(self, wanted: Collection[int]) -> Iterator[tuple[int, Sequence[str]]]:
        """Units with their FIELDS as words."""
        chosen = sorted(wanted)
        for i in range(0, len(chosen), 500):
            part = chosen[i : i + 500]
            marks = ", ".join("?" * len(part))
            asked = f"SELECT rowid, {', '.join(FIELDS)} FROM search_words WHERE rowid IN ({marks})"
            for at, *row in self.connection.execute(asked, part):
                yield at, row

    def _by_names(self, query: Query) -> dict[int, float]:
        """Unit -> how well its name is one that the query writes; 2 for a qualified name that matches."""
        scores: dict[int, float] = {}

        def give(rows: Collection[tuple[int, Any]], most: float) -> None:
            value = most / math.sqrt(max(1.0, len(rows) / 3))  # a name defined everywhere says little
            for at, _ in rows:
                scores[at] = max(scores.get(at, 0.0), value)

        def known(word: str) -> bool:
            row = self.connection.execute(
                "SELECT 1 FROM search_words WHERE search_words MATCH ? LIMIT 1", (f'"{word}"',)
            )
            return row.fetchone() is not None

        for written in query.identifiers:
            outer, _, name = written.rpartition(".")
            rows = self._named(name)
            exact = [row for row in rows if row[1][0] == name]
            qualified = [row for row in exact if outer and f".{row[1][1]}".endswith(f".{written}")]
            give(qualified, 2.0)
            give(exact, 0.8 if outer else 1.5)
            give(rows, 0.5 if outer else 1.0)
            if not rows and len(name) >= 3:
                give(self._near(_fold(name)), 0.6)
        for word in query.plain:
            exact = [row for row in self._named(word) if row[1][0] == word]
            if exact:
                like_name = word[:1].isupper() and word != query.first
                give(exact, 1.0 / math.sqrt(len(query.plain)) if like_name else 0.25 / len(query.plain))
            elif not known(word):
                give(self._near(_fold(word)), 0.6)
        return scores

    def _named(self, name: str) -> list[tuple[int, Any]]:
        """Units of that name whatever its case and underscores: (unit, (name, qualified name))."""
        rows = self.connection.execute("SELECT id, name, qualified FROM search_unit WHERE folded = ?", (_fold(name),))
        return [(at, (found, qualified)) for at, found, qualified in rows if found]

    def _near(self, folded: str) -> list[tuple[int, Any]]:
        """Units whose name starts with this one, or else those of the most similar names."""
        run = self.connection.execute
        rows = run(
            "SELECT id, name FROM search_unit WHERE folded >= ? AND folded < ?", (folded, folded + "\U0010ffff")
        ).fetchall()
        if rows or len(folded) < 4:
            return rows
        names = (name for (name,) in run("SELECT DISTINCT folded FROM search_unit WHERE folded != ''"))
        close = sorted(((_similarity(folded, n), n) for n in names), reverse=True)[:3]
        chosen = [n for similarity, n in close if similarity >= max(0.6, close[0][0] - 0.05)]
        marks = ", ".join("?" * len(chosen))
        return run(f"SELECT id, name FROM search_unit WHERE folded IN ({marks})", chosen).fetchall()

    def _by_files(self, index: Index, query: str) -> dict[int, float]:
        """Units of files that the query names by path or file name."""
        named = {w.rstrip(".").lower() for w in re.findall(r"[\w./-]*\w\.\w+", query)}
        scores: dict[int, float] = {}
        for record in index.files() if named else ():
            path = record.path.lower()
            if path in named or basename(path) in named or any("/" in n and path.endswith(f"/{n}") for n in named):
                for (at,) in self.connection.execute(
                    "SELECT id FROM search_unit WHERE path = ? ORDER BY start_line", (_key(record.path),)
                ):
                    scores[at] = 0.5
        return scores

    def _rows(self, wanted: Collection[int]) -> dict[int, tuple[str, int, int, str, str, str]]:
        found = {}
        chosen = sorted(wanted)
        for i in range(0, len(chosen), 500):
            part = chosen[i : i + 500]
            for at, path, *rest in self.connection.execute(
                "SELECT id, path, start_line, end_line, qualified, kind, snippet FROM search_unit "
                f"WHERE id IN ({', '.join('?' * len(part))})",
                part,
            ):
                found[at] = (_path(bytes(path)), *rest)
        return found


def _searchable(record: FileRecord) -> bool:
    return not record.skipped and record.language != "binary" and record.role != "generated" and record.size > 0


def _stamp(index: Index, record: FileRecord) -> str:
    """Changes when the content of the file does, or what is extracted from it."""
    language = index.language(record.path)
    return f"{record.blob}:{record.language}:{language.version if language is not None else 0}"


def _units(index: Index, path: str) -> list[Unit]:
    try:
        return units(path, index.text(path), definitions_of(index, path))
    except OSError:  # deleted since it was indexed
        return []


def _wanted(record: FileRecord, languages: Collection[str] | None, paths: Collection[str] | None) -> bool:
    if languages is not None and record.language not in languages:
        return False
    path = record.path
    return paths is None or any(
        path == p or path.startswith(f"{p.rstrip('/')}/") or fnmatchcase(path, p) for p in paths
    )


def _factor(record: FileRecord, kind: str, about_tests: bool) -> float:
    """How much a hit counts for what it is: tests less than source, local names less than others."""
    factor = _ROLE.get(record.role, 1.0)
    if record.role == "test" and about_tests:
        factor = 0.8
    if basename(record.path).lower().startswith(_HISTORY):
        factor *= 0.4
    return factor if kind == "text" and record.role == "doc" else factor * _KIND.get(kind, 1.0)


def _similarity(a: str, b: str) -> float:
    """Dice coefficient of the pairs of letters of two words."""
    if abs(len(a) - len(b)) > 4:
        return 0.0
    pairs_a, pairs_b = ({w[i : i + 2] for i in range(len(w) - 1)} for w in (a, b))
    return 2 * len(pairs_a & pairs_b) / max(1, len(pairs_a) + len(pairs_b))
