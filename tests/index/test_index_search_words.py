"""How identifiers and questions are split into words."""

from __future__ import annotations

import pytest

from repo_index.words import index_terms, parse_query, split_identifier


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("HTTPAdapter", ("http", "adapter")),
        ("get_user_name", ("get", "user", "name")),
        ("getUserName", ("get", "user", "name")),
        ("MAX_RETRIES", ("max", "retries")),
        ("sha256sum", ("sha", "256", "sum")),
        ("parseURLs", ("parse", "urls")),
        ("XMLHttpRequest", ("xml", "http", "request")),
        ("__init__", ("init",)),
        ("_", ()),
        ("größe", ("gr", "öß", "e")),
    ],
)
def test_identifiers_are_split_at_case_digits_and_underscores(name: str, parts: tuple[str, ...]) -> None:
    assert split_identifier(name) == parts


def test_an_identifier_of_several_words_is_also_kept_whole() -> None:
    assert index_terms("def get_user(x): pass") == "def get user getuser x pass"


def test_snake_and_camel_case_share_their_whole_form() -> None:
    assert index_terms("getUserName").split()[-1] == index_terms("get_user_name").split()[-1]


def test_a_question_loses_its_stop_words_and_keeps_its_names() -> None:
    query = parse_query("How does `Session.send` handle HTTPAdapter redirects?")
    assert query.identifiers == ("Session.send", "HTTPAdapter")
    assert query.plain == ("handle", "redirects")
    assert query.terms == ("session", "send", "handle", "httpadapter", "http", "adapter", "redirects")


def test_words_like_class_count_only_when_nothing_else_is_said() -> None:
    assert parse_query("the class of sessions").terms == ("sessions",)
    assert parse_query("class").terms == ("class",)


@pytest.mark.parametrize("text", ["", "?", "the of and", "`", "...", "\x00\x1b[2J"])
def test_questions_without_words_are_harmless(text: str) -> None:
    assert parse_query(text).identifiers == ()
