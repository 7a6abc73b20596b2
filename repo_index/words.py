"""Words of code and of questions: identifiers split the way people read them.

`HTTPAdapter` gives http, adapter; `get_user2Name` gives get, user, 2, name. An identifier of several words is
also kept whole, in lower case and without underscores, so that `getUserName` finds `get_user_name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"\w+")
_PART = re.compile(
    r"[A-Z]{2,}s(?![a-z])"  # plural acronyms: URLs
    r"|[A-Z]+(?=[A-Z][a-z])"  # an acronym before a capitalised word
    r"|[A-Z]?[a-z]+|[A-Z]+|[0-9]+"
    r"|[^\W\d_A-Za-z]+"  # other scripts are not split
)
_IDENTIFIER = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_CAMEL = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2}[a-z]")

#: words that questions are made of, and that say nothing about what is asked for
STOP_WORDS = frozenset(
    """a about actually all an and any are as at be been between but by can could describe did do does doing done
    each every exactly explain find for from give had has have how i if in into is it its just kind let like list
    look make me mean my of on one only or our out over please possible s see should show so some t tell than that
    the their them then there these they thing things this those through to under up us use used uses using want
    was way we were what when where whether which while who whose why will with without work works would you your
    """.split()
)
#: words that name a kind of thing rather than the thing; left out of a query when others remain
KIND_WORDS = frozenset(
    """class classes code codebase define defined defines definition definitions function functions implement
    implementation implemented implements located location method methods repo repository symbol symbols variable
    variables""".split()
)
_SAME = """args arguments|async asynchronous|attr attribute|auth authentication authorization|conf config configuration
configure|conn connection|ctx context|db database|dep dependency|dir directory folder|doc documentation|env environment
|err error exception|exc exception|exec execute|fn func function|init initialise initialize|msg message|num number|obj
object|param parameter|pkg package|proc process|prop property|ref reference|regex regexp|repo repository|req request
|resp response|sess session|spec specification|str string|sync synchronous|sys system|tmp temp temporary|util utility
utilities|val value|var variable"""


def _synonyms() -> dict[str, tuple[str, ...]]:
    table: dict[str, set[str]] = {}
    for group in " ".join(_SAME.split()).split("|"):
        members = group.split()
        for member in members:
            table.setdefault(member, set()).update(m for m in members if m != member)
    return {word: tuple(sorted(others)) for word, others in table.items()}


#: short forms that programmers write for long ones, both ways
SYNONYMS = _synonyms()


@lru_cache(maxsize=1 << 16)
def split_identifier(name: str) -> tuple[str, ...]:
    """The words of one identifier, in lower case: "HTTPAdapter" -> ("http", "adapter")."""
    return tuple(part.lower() for part in _PART.findall(name))


def split_words(text: str) -> list[str]:
    """The words of all identifiers of a text, in order."""
    return [part for word in _WORD.findall(text) for part in split_identifier(word)]


@lru_cache(maxsize=1 << 16)
def _terms(name: str) -> str:
    parts = split_identifier(name)
    if len(parts) < 2:
        return parts[0] if parts else ""
    return " ".join((*parts, name.replace("_", "").lower()))


def index_terms(text: str) -> str:
    """The text as words to index: every identifier split, those of several words also whole."""
    return " ".join(filter(None, map(_terms, _WORD.findall(text))))


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart.

    `terms` are the words to search for, without stop words, in order of first appearance. `identifiers` are
    those written like names in code (snake, camel, dotted or in backquotes), as written. `plain` are the other
    words as written, which may happen to be names.
    """

    terms: tuple[str, ...]
    identifiers: tuple[str, ...]
    plain: tuple[str, ...]
    #: the word that a sentence of several begins with: its capital says nothing
    first: str = ""


_ENDINGS = "ations ation ings ing ions ion ers ies ied es ed er or ly s e y".split()


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The word without its most common English endings, at least three letters of it."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _looks_like_code(word: str) -> bool:
    return "_" in word.strip("_") or "." in word or bool(_CAMEL.search(word)) or word.startswith("_")


def parse_query(text: str) -> Query:
    """Split a question into terms and likely names. Never raises; an empty question gives empty tuples."""
    quoted = {m for span in re.findall(r"`([^`\n]+)`", text) for m in _IDENTIFIER.findall(span)}
    identifiers: list[str] = []
    plain: list[str] = []
    terms: list[str] = []
    for word in _IDENTIFIER.findall(text) + re.findall(r"\b\d+\b", text):
        if word in quoted or _looks_like_code(word):
            identifiers.append(word)
        elif word.lower() not in STOP_WORDS:
            plain.append(word)
        for piece in word.split("."):
            parts = split_identifier(piece)
            if len(parts) > 1:
                terms.append(piece.replace("_", "").lower())
            terms += (p for p in parts if p not in STOP_WORDS or word in quoted)
    unique = tuple(dict.fromkeys(terms))
    chosen = tuple(t for t in unique if t not in KIND_WORDS) or unique
    written = text.split()
    first = _IDENTIFIER.findall(written[0])[:1] if len(written) > 3 else []
    return Query(chosen, tuple(dict.fromkeys(identifiers)), tuple(dict.fromkeys(plain)), "".join(first))


def expand(terms: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each term with its short or long forms."""
    return {term: SYNONYMS.get(term, ()) for term in terms}
