"""An instruction taken apart: the steps that it asks for one after the other.

A clause starts a step when it says something to do in the wording of a kind (kinds/). What only looks after the
change ("update all imports", "make sure the tests pass") or completes it ("default False") belongs to the step before;
what leads up to one ("create a file x.py and ...") to the step behind.
"""

from __future__ import annotations

import re

from .kinds import all_kinds

_VERBS = (
    r"(?:re)?nam(?:e|ing)|mov(?:e|ing)|relocat(?:e|ing)|transfer(?:ring)?|shift(?:ing)?|add(?:ing)?|giv(?:e|ing)|remov(?:e|ing)|drop(?:ping)?|delet(?:e|ing)|merg(?:e|ing)|fold(?:ing)?|combin(?:e|ing)|"
    r"inlin(?:e|ing)|extract(?:ing)?|split(?:ting)?|mak(?:e|ing)|turn(?:ing)?|put(?:ting)?|wrap(?:ping)?|group(?:ing)?|bundl(?:e|ing)|gather(?:ing)?|swap(?:ping)?|reorder(?:ing)?|replac(?:e|ing)|"
    r"pull(?:ing)?|convert(?:ing)?|introduc(?:e|ing)|chang(?:e|ing)|modify(?:ing)?|call|get\s+rid\s+of|let|have|collect|create|implement|refactor|"
    r"raise|catch|use"
)
_LEAD = (
    r"(?:(?:please|pls|then|also|next|finally|afterwards?|additionally|furthermore|first|second|lastly|after\s+that)\b"
    r"[\s,:]*)*"
)
#: where one clause may end and another one start
_BREAK = re.compile(
    rf"(?<=[\w`'\")\]])(?<!\be\.g)(?<!\bi\.e)(?<!\bincl)(?<!\betc)[.!?]+\s+"
    rf"|\s*;\s*"
    rf"|(?:^|\s+)(?:\(?\d{{1,2}}[.)]|[-*\u2022])\s+(?={_LEAD}(?:{_VERBS})\b)"
    rf"|\s*,?\s+(?:and\s+)?(?:then|after\s+that|afterwards?)\b[\s,:]*(?={_LEAD}(?:{_VERBS})\b)"
    rf"|\s*,?\s+and\s+(?:also\s+|finally\s+)?(?=(?:{_VERBS})\b)"
    rf"|\s*,\s+(?=(?:{_VERBS})\b)",
    re.IGNORECASE,
)
#: clauses that look after the change and ask for nothing of their own
_HOUSEKEEPING = re.compile(
    rf"{_LEAD}(?:(?:in|within|for|to|after|once|when|while|by)\b[^,]*,\s*)?{_LEAD}(?:ensur|mak(?:e|ing)\s+sure|updat|verif|check|confirm|adjust|fix|"
    r"adapt|double.check|remember|this\s+(?:\w+\s+)?(?:change|update|task|transition|renaming|should|will|includes)|identify|it\s+is\b)",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    rf"{_LEAD}(?:(?:in|within|inside|for|from|after|once|before|to)\b[^,]*,\s*)?(?:{_VERBS})\b", re.IGNORECASE
)
_SUBJECT = re.compile(r"[^.;]*?\b(?:should|must|needs?\s+to|has\s+to|gets?|takes?|belongs?|goes)\b", re.IGNORECASE)
#: "It takes a flag": says more of what the step before makes
_DESCRIBES = re.compile(r"(?:it|this|that|they)\s+(?:takes?|gets?|has|have|accepts?|goes)\b", re.IGNORECASE)


def clauses(instruction: str) -> list[str]:
    parts, start = [], 0
    for found in _BREAK.finditer(instruction):
        parts.append(instruction[start : found.start()] + instruction[found.start() : found.end()].rstrip())
        start = found.end()
    parts.append(instruction[start:])
    return [part for part in parts if part.strip()]


def _cues(text: str) -> frozenset[str]:
    return frozenset(kind.name for kind in all_kinds() if kind.cue is not None and kind.cue.search(text))


def split(instruction: str) -> list[str]:
    """The texts of the steps, in order. Joined by a space they hold every word of the instruction."""
    steps: list[str] = []
    said: list[frozenset[str]] = []
    waiting: list[str] = []
    for clause in clauses(instruction):
        asked = _cues(clause)
        starts = bool(asked) and not _HOUSEKEEPING.match(clause)
        if starts and steps and not _IMPERATIVE.match(clause):
            # "it should also take a flag": a step only where it asks for something else than the one before
            starts = _SUBJECT.match(clause) is not None and not _DESCRIBES.match(clause) and not asked & said[-1]
        if starts:
            steps.append(" ".join([*waiting, clause]))
            said.append(asked)
            waiting = []
        elif steps:
            steps[-1] += f" {clause}"
        else:
            waiting.append(clause)
    if waiting:
        steps.append(" ".join(waiting))
    return steps


_NAME = r"[`'\"]?(?P<{}>[A-Za-z_][\w./]*\w)[`'\"]?"
_TWO = re.compile(
    rf"{_NAME.format('one')}\s*(?:,|and|or|/)\s*{_NAME.format('two')}"
    r"(?=[^.;]*(?:\.\w[^.;]*)*\bthe\s+(?:former|latter)\b)",
    re.IGNORECASE,
)


def spell_out(instruction: str) -> str:
    """The instruction with "the former" and "the latter" replaced by the names that they stand for."""
    if (found := _TWO.search(instruction)) is None:
        return instruction
    start, rest = instruction[: found.end()], instruction[found.end() :]
    rest = re.sub(r"\bthe\s+former\b", found["one"], rest, flags=re.IGNORECASE)
    return start + re.sub(r"\bthe\s+latter\b", found["two"], rest, flags=re.IGNORECASE)


_PRONOUN = re.compile(
    r"\b(?:(?P<it>it)|(?P<them>them|these|those|(?:both|all|the\s+two)(?:\s+of\s+them)?(?=\s+(?:in)?(?:to|from|in|as|under)\b))|(?P<this>(?:this|that|the\s+(?:new|renamed|moved|same|resulting))\s+"
    r"(?:function|method|class|module|file|constant|helper|symbol|variable|exception)))\b(?!\s+(?:is|was|does|should|has)\b)|\b(?P<its>its)\b",
    re.IGNORECASE,
)


def pronouns(text: str, names: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text with its first pronoun replaced by the names that the step before worked on, and where they stand.

    Nothing is replaced where the text names what "it" is before the pronoun: the caller says so by giving no names.
    """
    found = _PRONOUN.search(text)
    if found is None or not names:
        return text, []
    joined, spans, start = "", [], found.start()
    for number, name in enumerate(names):
        joined += ", " if 0 < number < len(names) - 1 else " and " if number else ""
        spans.append((start + len(joined), start + len(joined) + len(name) + 2))
        joined += f"`{name}`"
    return text[: found.start()] + joined + text[found.end() :], spans
