"""How near the words of a definition are to those of a question: by association, and by how dense shared words are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from .associations import FIELDS, associations
from .words import stem

#: weights of the logit of associations.py, and of the density of shared words in the place and the text of a unit.
#: Chosen on the development set of benchmarks/search_docstrings.py.
_MEANT, _DENSITY = 0.14, 0.3
_DENSE = (FIELDS.index("place"), FIELDS.index("body"))


def by_meaning(
    query: str, rarities: Mapping[str, float], units: Iterable[tuple[int, Sequence[str]]]
) -> dict[int, float]:
    """Unit -> score, 0 for one that has nothing to do with the query.

    `rarities`: of the terms of the query, how rare each is in what is searched; `units`: with words of FIELDS.
    """
    asked = associations().question(query)
    rare = {stem(term): rarity for term, rarity in rarities.items()}
    root = math.sqrt(max(1, len(rare)))
    logits: dict[int, float] = {}
    dense: dict[int, float] = {}
    for at, fields in units:
        stems = [set(map(stem, field.split())) for field in fields]
        logits[at] = asked.logit(stems) if asked is not None else 0.0
        dense[at] = sum(
            math.fsum(rare[word] for word in stems[n] & rare.keys()) / math.sqrt(max(1, len(stems[n]))) / root
            for n in _DENSE
        )
    middle = median(logits.values()) if logits else 0.0  # prose, which the table does not know, keeps its place below
    return {at: _MEANT * max(0.0, logit - middle) + _DENSITY * dense[at] for at, logit in logits.items()}
