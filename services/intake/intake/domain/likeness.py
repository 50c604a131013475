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
    weights = _weights([mine, *pieces.values()])
    found = [(key, _cosine(mine, theirs, weights)) for key, theirs in pieces.items()]
    return sorted((one for one in found if one[1] >= ENOUGH), key=lambda one: -one[1])[:MOST]


def pieces_of(title: str) -> Counter[str]:
    """The pieces a title's words are made of, without accents and case: å, ä and æ are a, ö and ø are o."""
    folded = unicodedata.normalize("NFKD", title.casefold().replace("aa", "a").translate(_FOLDED))
    words = _WORDS.findall("".join(letter for letter in folded if not unicodedata.combining(letter)))
    return Counter(piece for word in words for piece in _of_word(word))


def _of_word(word: str) -> Iterable[str]:
    if len(word) <= PIECE:
        yield word
    for at in range(len(word) - PIECE + 1):
        yield word[at : at + PIECE]


def _weights(titles: Sequence[Counter[str]]) -> dict[str, float]:
    having = Counter(piece for pieces in titles for piece in pieces)
    return {piece: math.log((1 + len(titles)) / many) for piece, many in having.items()}


def _cosine(one: Counter[str], other: Counter[str], weights: Mapping[str, float]) -> float:
    def length(pieces: Counter[str]) -> float:
        return math.sqrt(sum((many * weights[piece]) ** 2 for piece, many in pieces.items()))

    both = sum(one[piece] * other[piece] * weights[piece] ** 2 for piece in one.keys() & other.keys())
    return both / (length(one) * length(other)) if both else 0.0
