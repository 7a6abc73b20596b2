"""introduce_parameter_object: the dataclass, the body, the calls, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from carrying_out import carry_out, contents

from v4cli.errors import Refused
from v4cli.refactoring.operations.introduce_parameter_object import IntroduceParameterObject

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


def gather(symbol: str, **fields: object) -> IntroduceParameterObject:
    return IntroduceParameterObject.model_validate({"symbol": symbol, "class_name": "FetchConfig", **fields})


FILES = {
    "pkg/__init__.py": "",
    "pkg/limits.py": "LIMIT = 10\n",
    "pkg/client.py": '''\
        """The client."""

        import socket
        from typing import Optional

        from .limits import LIMIT


        class Client:
            async def fetch(
                self,
                host: str,  # where to
                port: int = 80,
                family: socket.AddressFamily = socket.AF_INET,
                limit: Optional[int] = LIMIT,
                tags=[],
            ) -> str:
                """Fetch."""
                # the default
                if limit is None:
                    limit = LIMIT
                inner = [host for _ in range(1)]
                return f"{host}:{port}/{limit} {inner} {tags} {{host}}" + str(len(self.name(host=host)))

            def name(self, host):
                return host


        class Slow(Client):
            async def fetch(
                self,
                host: str,
                port: int = 80,
                family: socket.AddressFamily = socket.AF_INET,
                limit: Optional[int] = LIMIT,
                tags=[],
            ) -> str:
                return await super().fetch(host, port, limit=limit)
        ''',
    "pkg/use.py": """\
        import asyncio

        from .client import Client, Slow


        async def run():
            client = Client()
            one = await client.fetch("a", 1)
            two = await Slow().fetch(
                "b",
                port=2,
                limit=3,
            )
            options = {"port": 4}
            three = await client.fetch("c", **options)
            return [one, two, three, await Client.fetch(client, "d")]


        out = asyncio.run(run())


        def other(thing):
            return thing.fetch("x"), thing.fetch()
        """,
}


def test_parameters_become_a_dataclass_in_a_new_module(make_repository: MakeRepository) -> None:
    done = carry_out(
        make_repository(contents(FILES)),
        gather("pkg/client.py::Client.fetch", target="pkg/config.py"),
        """
        import pkg.use
        assert pkg.use.out == [
            "a:1/10 ['a'] [] {host}1", "b:2/3 ['b'] [] {host}1", "c:4/10 ['c'] [] {host}1", "d:80/10 ['d'] [] {host}1",
        ], pkg.use.out
        """,
    )
    assert "    async def fetch(self, config: FetchConfig) -> str:\n" in done.text("pkg/client.py")
    assert "        limit = config.limit\n        # the default\n" in done.text("pkg/client.py")
    assert "self.name(host=config.host)" in done.text("pkg/client.py")
    assert done.text("pkg/config.py").endswith(
        "@dataclass\nclass FetchConfig:\n"
        '    """Parameters of `Client.fetch`."""\n\n'
        "    host: str  # where to\n    port: int = 80\n    family: socket.AddressFamily = socket.AF_INET\n"
        "    limit: Optional[int] = LIMIT\n    tags: Any = field(default_factory=lambda: [])\n"
    )
    use = done.text("pkg/use.py")
    assert 'client.fetch(FetchConfig("a", 1))' in use
    assert (
        'Slow().fetch(\n        FetchConfig(\n            "b",\n            port=2,\n            limit=3,\n        ),\n'
        in use
    )
    assert 'client.fetch(FetchConfig("c", **options))' in use
    assert 'Client.fetch(client, FetchConfig(host="d"))' in use
    assert 'thing.fetch("x"), thing.fetch()' in use
    assert any("pkg/use.py" in left and "may call another" in left for left in done.left)
    assert "the default of tags is made anew for each object" in done.result.notes


def test_a_default_that_stays_behind_would_close_a_cycle(make_repository: MakeRepository) -> None:
    files = {"m.py": "LIMIT = 1\n\n\ndef f(a: int, limit: int = LIMIT):\n    return a, limit\n"}
    with pytest.raises(Refused, match=r"import cycle config.py -> m.py -> config.py"):
        carry_out(make_repository(files), gather("m.py::f", target="config.py"))


def test_some_parameters_of_a_function(make_repository: MakeRepository) -> None:
    files = {
        "m.py": "def draw(canvas, x, y, *, color='red', width=1):\n    return canvas, x + y, color, width\n",
        "n.py": "from m import draw\n\nout = [draw(0, 1, 2), draw(0, y=3, x=4, width=5), draw(canvas=1, x=2, y=2)]\n",
    }
    operation = gather("m.py::draw", class_name="Point", parameters=["x", "y"], frozen=True)
    done = carry_out(
        make_repository(files),
        operation,
        "import n; assert n.out == [(0, 3, 'red', 1), (0, 7, 'red', 5), (1, 4, 'red', 1)], n.out",
    )
    text = done.text("m.py")
    assert "@dataclass(frozen=True)\nclass Point:\n" in text and "    x: Any\n    y: Any\n" in text
    assert (
        "def draw(canvas, point, *, color='red', width=1):\n    return canvas, point.x + point.y, color, width\n"
        in text
    )
    assert done.text("n.py").endswith(
        "out = [\n    draw(0, Point(x=1, y=2)),\n    draw(0, Point(y=3, x=4), width=5),\n"
        "    draw(canvas=1, point=Point(x=2, y=2)),\n]\n"
    )


def test_a_class_is_its_init(make_repository: MakeRepository) -> None:
    files = {
        "m.py": "class Box:\n    def __init__(self, w, h=2):\n        self.w = w\n        self.h = h\n\n\n"
        "class Tall(Box):\n    def __init__(self):\n        super().__init__(1, h=9)\n",
        "n.py": "from m import Box, Tall\n\nout = Box(1).h, Box(w=3, h=4).w, Tall().h, isinstance(Tall(), Box)\n",
    }
    done = carry_out(
        make_repository(files),
        gather("m.py::Box", class_name="BoxConfig"),
        "import n; assert n.out == (2, 3, 9, True), n.out",
    )
    assert "super().__init__(BoxConfig(1, h=9))" in done.text("m.py")
    assert "from m import Box, BoxConfig, Tall\n" in done.text("n.py")


def test_a_base_outside_of_the_repository_is_noted(make_repository: MakeRepository) -> None:
    files = {"m.py": "import json\n\n\nclass E(json.JSONEncoder):\n    def put(self, a, b):\n        return a\n"}
    done = carry_out(make_repository(files), gather("m.py::E.put"))
    assert any("E derives from json.JSONEncoder" in note for note in done.result.notes)


@pytest.mark.parametrize(
    ("code", "fields", "why"),
    [
        ("def f(a, b): return a\nx = [f]\n", {}, "without calling it"),
        ("def f(a, b, *c): return a\n", {}, r"\*c behind"),
        ("def f(a, b): return a\nFetchConfig = 1\n", {}, "bound there already"),
        ("def f(a, b): return a\n", {"parameters": ["z"]}, "no parameter z"),
        ("def f(a, b):\n    config = 1\n    return a\n", {"parameter": "config"}, "local name"),
        ("def f(a, b): return a\nxs = (1, 2)\nf(*xs)\n", {"parameters": ["a"]}, "cannot be told"),
        ("class C:\n    K = 1\n    def f(self, a=K): return a\n", {"symbol": "m.py::C.f"}, "outside of the class"),
        (
            "class C:\n    def f(self, a): return a\nclass D(C):\n    def f(self, b): return b\n",
            {"symbol": "m.py::C.f"},
            "other parameters",
        ),
    ],
)
def test_what_stands_in_the_way(code: str, fields: dict[str, str], why: str, make_repository: MakeRepository) -> None:
    with pytest.raises(Refused, match=why):
        carry_out(make_repository({"m.py": code}), gather(**{"symbol": "m.py::f", **fields}))
