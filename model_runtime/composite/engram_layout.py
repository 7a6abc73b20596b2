"""What an Engram's addresses follow from: prime moduli, odd multipliers, and ids of tokens that read alike.

arXiv 2601.07372, section 2.2; V4.1's configuration. Tables are addressed by hashes, so every number here has to be the
one that the tables were trained with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: bases that make Miller-Rabin exact below 2 ** 64
_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
#: stands for a token that is one space, so that stripping spaces does not make it empty
_SPACE = "\ue000"


def is_prime(number: int) -> bool:
    if number < 2:
        return False
    for prime in _WITNESSES:
        if number % prime == 0:
            return number == prime
    odd, halvings = number - 1, 0
    while odd % 2 == 0:
        odd, halvings = odd // 2, halvings + 1
    for base in _WITNESSES:
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(halvings - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def moduli(layers: int, orders: int, heads: int, least: int) -> list[tuple[tuple[int, ...], ...]]:
    """For every layer with an Engram, by order of n-gram (2, 3, ...) and head: primes from `least` on, none twice."""
    taken: set[int] = set()
    found = []
    for _ in range(layers):
        by_order = []
        for _ in range(orders):
            primes, number = list[int](), least - 1
            for _ in range(heads):
                number += 1
                while number in taken or not is_prime(number):
                    number += 1
                taken.add(number)
                primes.append(number)
            by_order.append(tuple(primes))
        found.append(tuple(by_order))
    return found


def multipliers(layer: int, longest: int, vocabulary: int) -> list[int]:
    """Odd factors of a token and of those 1, 2, ... before it, for n-grams of up to `longest` tokens.

    Bounded so that a factor times an id below `vocabulary` stays below 2 ** 63.
    """
    import numpy as np

    bound = max(1, (2**63 - 1) // vocabulary // 2)
    drawn = np.random.default_rng(10007 * layer).integers(low=0, high=bound, size=(longest,), dtype=np.int64)
    return [2 * int(number) + 1 for number in drawn]


def alike(tokenizer: Tokenizer) -> list[int]:
    """For every token id a smaller id, the same for tokens that differ in case, accents or white space only."""
    from tokenizers import Regex, normalizers

    normal = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.NFD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[ \t\r\n]+"), " "),
            normalizers.Replace(Regex(r"^ $"), _SPACE),
            normalizers.Strip(),
            normalizers.Replace(_SPACE, " "),
        ]
    )
    ids: dict[str, int] = {}
    found = []
    for token in range(tokenizer.get_vocab_size(with_added_tokens=True)):
        text = tokenizer.decode([token], skip_special_tokens=False)
        # part of a character has no text of its own
        key = (tokenizer.id_to_token(token) or "") if "�" in text else normal.normalize_str(text) or text
        found.append(ids.setdefault(key, len(ids)))
    return found


def distinct(token_map: Sequence[int]) -> int:
    """Number of ids that a map leads to."""
    return max(token_map, default=-1) + 1
