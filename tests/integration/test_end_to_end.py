"""The three uses through the installed program, on the real small model, without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
V4 = Path(sys.executable).with_name("v4")
MODEL = "qwen2.5-coder-0.5b"

FILES = {
    "README.md": "# shop\n\nUse `shop.total_price` to add up a cart.\n",
    "shop/__init__.py": "from .cart import total_price as total_price\n",
    "shop/cart.py": (
        "import math\n\n\ndef total_price(cart, discount=0.0):\n"
        '    """The sum of the prices in the cart, less the discount, rounded up to whole cents."""\n'
        "    total = sum(item.price * item.count for item in cart)\n"
        "    return math.ceil(total * (1 - discount) * 100) / 100\n"
    ),
    "shop/till.py": "from .cart import total_price\n\n\ndef pay(cart):\n    return total_price(cart, discount=0.1)\n",
    "tests/test_cart.py": "import shop\n\n\ndef test_empty():\n    assert shop.total_price([]) == 0\n",
}

#: raises on any attempt of a Python process to look up a name or to connect
_NO_NETWORK = """
import sys
def _refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        raise SystemExit(f"network: {event} {arguments}")
sys.addaudithook(_refuse)
"""


@pytest.fixture
def offline(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the installed program with networking blocked: in an empty network namespace where the system lets us
    make one, and in any case with an audit hook in every Python process."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(_NO_NETWORK)
    prefix: list[str] = []
    for attempt in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if shutil.which("unshare") and subprocess.run([*attempt, "true"], capture_output=True).returncode == 0:
            prefix = attempt
            break

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(tmp_path / "hook")}
        return subprocess.run(
            [*prefix, str(V4), *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, env=env
        )

    return run


def test_the_block_blocks(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_NO_NETWORK)
    script = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True
    )
    assert done.returncode == 1 and b"network: socket" in done.stderr


@pytest.mark.model
def test_ask_refactor_and_hook(
    make_repository: MakeRepository, offline: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    root = make_repository(FILES)

    done = offline("index", "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema"] == 1

    done = offline("ask", "What calls total_price?", "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    places = {(c["path"], c["start_line"]) for c in json.loads(done.stdout)["citations"]}
    assert {("shop/till.py", 5), ("tests/test_cart.py", 5)} <= places

    question = "How is the discount applied when the price of a cart is computed?"
    done = offline("ask", question, "--json", "--model", MODEL, cwd=root)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "discount" in answer["answer"].lower()
    assert any(c["path"] == "shop/cart.py" for c in answer["citations"])
    assert answer["output_tokens"] > 0
    again = json.loads(offline("ask", question, "--json", "--model", MODEL, cwd=root).stdout)
    assert again["answer"] == answer["answer"]

    patch = root.parent / "rename.patch"
    done = offline("refactor", "Rename total_price to full_price", "--out", str(patch), cwd=root)
    assert done.returncode == 0, done.stderr
    subprocess.run(["git", "-C", str(root), "apply", "--check", str(patch)], check=True)
    assert (root / "shop/cart.py").read_text() == FILES["shop/cart.py"], "the tree is touched only on --apply"

    done = offline("refactor", "Rename total_price to full_price", "--apply", "--yes", "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    assert {f["path"] for f in json.loads(done.stdout)["files"]} == set(FILES) - set()
    assert "total_price" not in "".join(p.read_text() for p in root.rglob("*.py"))
    done = offline("refactor", "--undo", cwd=root)
    assert done.returncode == 0, done.stderr
    assert {name: (root / name).read_text() for name in FILES} == FILES

    assert offline("hook", "install", cwd=root).returncode == 0
    (root / "shop/cart.py").write_text(FILES["shop/cart.py"].replace("def total_price", "def price_total"))
    refused = subprocess.run(["git", "-C", str(root), "commit", "-qam", "break it"], capture_output=True, text=True)
    assert refused.returncode != 0 and "shop/till.py" in refused.stderr + refused.stdout
    (root / "shop/cart.py").write_text(FILES["shop/cart.py"] + "\n\nRATE = 1\n")
    subprocess.run(["git", "-C", str(root), "commit", "-qam", "fine"], check=True, capture_output=True)
    assert offline("hook", "uninstall", cwd=root).returncode == 0


@pytest.mark.model
def test_an_open_instruction_is_settled_by_the_model(
    make_repository: MakeRepository, offline: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    root = make_repository(FILES)
    instruction = "pay would be at home in payments.py, till.py is the wrong file for it"
    done = offline("refactor", instruction, "--json", "--model", MODEL, cwd=root)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["plan"]["operations"][0]["kind"] == "move_symbols"
    assert any("the model chose" in m["evidence"] for m in document["plan"]["matched"])
    assert all(check["passed"] for check in document["checks"])


def test_commands_start_quickly_and_without_torch(tmp_path: Path) -> None:
    script = "import sys; sys.argv = ['v4', '--help']\nfrom v4cli.main import run\nrun(['--help'])\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip().endswith("False")
