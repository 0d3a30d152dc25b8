"""How varied the wording of everything recommended is: entropy of words, and the type-token ratio.

Words are what white space separates, as written.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log2


def word_entropy(titles: Iterable[str]) -> float:
    """The entropy of the words of these titles, in bits; 0 without any word or with one word repeated.

    H = - sum over words w of f_w log2 f_w, f_w the share of w among the words of all titles.
    """
    counts = Counter(word for title in titles for word in title.split())
    total = counts.total()
    return -sum(count / total * log2(count / total) for count in counts.values()) + 0.0


def type_token_ratio(lists: Sequence[Sequence[str]]) -> float:
    """TTR = distinct words / all words over U lists of titles, one list per user; 0 without any word.

    It falls with every title that is counted: ten titles per user give a sixth of what one per user gives on the same
    data. It is therefore taken over lists of equal length only, and a table of several methods must count as many
    titles for each. Raises `ValueError` where users have lists of different lengths.
    """
    lengths = {len(titles) for titles in lists}
    if len(lengths) > 1:
        raise ValueError(f"got lists of {min(lengths)} to {max(lengths)} titles, expected as many for every user")
    words = [word for titles in lists for title in titles for word in title.split()]
    return len(set(words)) / len(words) if words else 0.0
