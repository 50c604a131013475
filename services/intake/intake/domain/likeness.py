"""Which other requests ask for much the same? So that one project can serve several municipalities (IT-15).

Titles are compared, because what else a requester wrote is sealed. Words of neighbouring languages are alike in their
letters ("byggelov", "bygglov"), so pieces of words are compared; a piece that many titles have says little.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeVar

K = TypeVar("K")

PIECE = 3
"""Letters of a piece."""
ENOUGH = 0.2
"""From how like two titles are shown to be: 0 have no piece in common, 1 are the same."""
MOST = 5
"""How many are shown."""

_FOLDED = str.maketrans({"æ": "a", "ø": "o", "œ": "o", "ð": "d", "þ": "t", "ß": "s"})
_WORDS = re.compile(r"[^\W_]+")


def like(title: str, others: Mapping[K, str]) -> list[tuple[K, float]]:
    """The others whose titles are most like this one, the likest first, each with how like it is (0 to 1)."""
    pieces = {key: pieces_of(other) for key, other in others.items()}
    mine = pieces_of(title)
    weights = _squared_weights([mine, *pieces.values()])
    length = _length(mine, weights)
    found = [
        (key, _product(mine, theirs, weights) / (length * _length(theirs, weights)))
        for key, theirs in pieces.items()
        if not mine.keys().isdisjoint(theirs)
    ]
    return sorted((one for one in found if one[1] >= ENOUGH), key=lambda one: -one[1])[:MOST]


@lru_cache(4 * 1024)
def pieces_of(title: str) -> Mapping[str, int]:
    """The pieces a title's words are made of, and how often; without accents and case: å, ä and æ are a, ö and ø are
    o. Remembered, because each request is compared with much the same others."""
    folded = unicodedata.normalize("NFKD", title.casefold().replace("aa", "a").translate(_FOLDED))
    words = _WORDS.findall("".join(letter for letter in folded if not unicodedata.combining(letter)))
    return Counter(piece for word in words for piece in _of_word(word))


def _of_word(word: str) -> Iterable[str]:
    if len(word) <= PIECE:
        yield word
    for at in range(len(word) - PIECE + 1):
        yield word[at : at + PIECE]


def _squared_weights(titles: Sequence[Mapping[str, int]]) -> dict[str, float]:
    having = Counter(chain.from_iterable(titles))
    return {piece: math.log((1 + len(titles)) / many) ** 2 for piece, many in having.items()}


def _product(one: Mapping[str, int], other: Mapping[str, int], weights: Mapping[str, float]) -> float:
    return sum(one[piece] * other[piece] * weights[piece] for piece in one.keys() & other.keys())


def _length(pieces: Mapping[str, int], weights: Mapping[str, float]) -> float:
    return math.sqrt(sum([many * many * weights[piece] for piece, many in pieces.items()]))
