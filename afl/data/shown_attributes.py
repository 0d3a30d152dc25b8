"""Attributes of items as agents are shown them: one short line in brackets below a title.

    1. Heat
       [genre: Crime, Drama; year: 1995]

Values are untrusted text, as titles are. The line cannot be taken for an entry, a heading or an answer, and a reply
that copies it behind the title still names the title: what stands in brackets behind one is dropped.
"""

from collections.abc import Iterable, Sequence

from afl.data.catalogue import Attributes, Catalogue, one_line
from afl.errors import UsageError, name_hint

LENGTH = 200
"""Characters of a line, brackets included."""
_BRACKETS = str.maketrans("[]", "()")
"""None inside: the line is one pair of brackets."""
_CUT = " ...]"


def attributes_text(attributes: Attributes, names: Sequence[str]) -> str:
    """The values under these names, in this order; empty for an item without any."""
    parts = [f"{one_line(name)}: {values}" for name in names if (values := _values(attributes.get(name, ())))]
    text = f"[{one_line('; '.join(parts).translate(_BRACKETS))}]" if parts else ""
    return text if len(text) <= LENGTH else text[: LENGTH - len(_CUT)].rstrip() + _CUT


def require_attributes(catalogue: Catalogue, names: Iterable[str], dataset: str) -> None:
    """Raises `UsageError` for a name that no item of the catalogue has."""
    existing = {name for attributes in catalogue.attributes for name in attributes}
    for name in names:
        if name not in existing:
            hint = name_hint(name, existing, otherwise="no attributes at all")
            raise UsageError(f"--show-attributes: data set {dataset!r} has no attribute {name!r}; {hint}")


def _values(values: Iterable[str]) -> str:
    return ", ".join(filter(None, map(one_line, values)))
