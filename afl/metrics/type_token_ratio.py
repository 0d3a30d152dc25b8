"""TTR, the type-token ratio: distinct words among all words of everything recommended.

TTR = number of distinct words / number of words, words being what white space separates, as written. It falls with
every title that is counted: ten titles per user give a sixth of what one per user gives on the same data. It is
therefore taken over lists of equal length only, and a table of several methods must count as many titles for each.
"""

from collections.abc import Sequence


def type_token_ratio(lists: Sequence[Sequence[str]]) -> float:
    """The ratio over U lists of titles, one list per user; 0 without any word.

    Raises `ValueError` where users have lists of different lengths.
    """
    lengths = {len(titles) for titles in lists}
    if len(lengths) > 1:
        raise ValueError(f"got lists of {min(lengths)} to {max(lengths)} titles, expected as many for every user")
    words = [word for titles in lists for title in titles for word in title.split()]
    return len(set(words)) / len(words) if words else 0.0
