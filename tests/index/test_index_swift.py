"""Swift: facts of small sources, modules, references."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.languages import for_path

SOURCES = {
    "Package.swift": 'let package = Package(name: "P", targets: [.target(name: "Core"), '
    '.target(name: "App", dependencies: ["Core"]), .target(name: "Other")])\n',
    "Sources/Core/User.swift": """/// A user.
public class User: Named {
    public var name: String = ""
    public var friend: User?
    private var secret = 0
    public enum State { case idle, busy(Int) }
    public init(name: String) { self.name = name }
    public func greet() -> String { let name = "x"; return name + self.name }
    func total() -> Int { return secret }
}
""",
    "Sources/Core/Named.swift": "public protocol Named { var name: String { get } }\n",
    "Sources/App/Extra.swift": """import Core
extension User {
    func shout() -> String { return greet() + name }
}
func main(users: [User]) {
    for user in users { print(user.name) }
    if let friend = users[0].friend { friend.shout() }
    let one = User(name: "a")
    guard let other = one.friend else { return }
    other.greet()
    users.forEach { (u: User) in u.greet() }
}
""",
    "Sources/Other/User.swift": "class User { var name = 1 }\nfunc use(u: User) -> Int { return u.name }\n",
}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    for path, text in SOURCES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)
    return Index.open(tmp_path, cache_dir=tmp_path / ".git" / "cache").refresh()


def places(index: Index, spec: str) -> list[tuple[str, int]]:
    found = index.references(index.symbol(spec))
    return [(r.path.removeprefix("Sources/"), r.line) for r in found if r.certainty == "exact"]


def test_definitions(index: Index) -> None:
    facts = index.facts("Sources/Core/User.swift")
    assert facts is not None and not facts.errors
    assert {d.qualified: d.kind for d in facts.definitions} == {
        "User": "class", "User.name": "attribute", "User.friend": "attribute", "User.secret": "attribute",
        "User.State": "enum", "User.State.idle": "constant", "User.State.busy": "constant", "User.init": "method",
        "User.greet": "method", "User.total": "method",
    }  # fmt: skip
    user = facts.definitions[0]
    assert user.doc == "A user." and user.bases == ("Named",)


def test_references(index: Index) -> None:
    assert places(index, "Sources/Core/User.swift::User.greet") == [
        ("App/Extra.swift", 3), ("App/Extra.swift", 10), ("App/Extra.swift", 11), ("Core/User.swift", 8),
    ]  # fmt: skip
    assert places(index, "Sources/Core/User.swift::User.name") == [
        ("App/Extra.swift", 3), ("App/Extra.swift", 6), ("Core/Named.swift", 1), ("Core/User.swift", 3),
        ("Core/User.swift", 7), ("Core/User.swift", 8),
    ]  # fmt: skip
    assert places(index, "Sources/App/Extra.swift::User.shout") == [("App/Extra.swift", 3), ("App/Extra.swift", 7)]
    assert places(index, "Sources/Other/User.swift::User") == [("Other/User.swift", 1), ("Other/User.swift", 2)]
    assert places(index, "Sources/Core/User.swift::User.secret") == [("Core/User.swift", 5), ("Core/User.swift", 9)]


def test_imports(index: Index) -> None:
    edges = {(e.source, e.target) for e in index.edges() if e.target is not None}
    assert ("Sources/App/Extra.swift", "Sources/Core/User.swift") in edges
    assert not any(target == "Sources/Other/User.swift" for _, target in edges)


def test_bases_of_extensions_are_those_of_the_type() -> None:
    source = "extension A: P {}\nclass A: B { func f() {} }\nextension A: Q { func g() {} }\n"
    source += "extension Other: P {}\nextension Other: Q {}\n"
    language = for_path("a.swift")
    assert language is not None
    found = language.extract(source.encode(), "a.swift").definitions
    assert [(d.qualified, d.line, d.bases) for d in found if d.kind == "class"] == [
        ("A", 2, ("P", "B", "Q")), ("Other", 4, ("P", "Q")),
    ]  # fmt: skip
    assert [d.qualified for d in found if d.kind == "method"] == ["A.f", "A.g"]


@pytest.mark.parametrize(
    "source", ["", "{" * 2000, "(" * 2000, "class", "func f(", '"\\(', "let", "\x00", "if let x = {"]
)
def test_damaged_sources(source: str) -> None:
    language = for_path("a.swift")
    assert language is not None
    language.extract(source.encode(), "a.swift")
