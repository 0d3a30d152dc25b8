"""Entropy of words: how varied the wording of everything recommended is, in bits.

H = - sum over words w of f_w log2 f_w, f_w the share of w among the words of all titles recommended to all users.
Words are what white space separates, as written. One word said again and again gives 0.
"""

from collections import Counter
from collections.abc import Iterable
from math import log2


def word_entropy(titles: Iterable[str]) -> float:
    """The entropy of the words of these titles; 0 without any word."""
    counts = Counter(word for title in titles for word in title.split())
    total = counts.total()
    return -sum(count / total * log2(count / total) for count in counts.values()) + 0.0
