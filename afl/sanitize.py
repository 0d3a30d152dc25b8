"""Text from strangers (titles, reasons, replies, error messages) made safe to show: it says, and does nothing.

A terminal obeys escape sequences, and both terminals and browsers let some characters turn around or hide what
stands beside them. Whatever is no visible character is shown as one that says so, or escaped where text must come
back unchanged.
"""

import re

UNSEEN = "\N{REPLACEMENT CHARACTER}"
_TURNING = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates: what follows them is shown in another order than it was written."""
_OBEYED = re.compile(f"[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\ufeff{_TURNING}\ud800-\udfff]")
_NO_CHARACTER = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}\ud800-\udfff\ufffe\uffff]")


def terminal_safe(text: str) -> str:
    """`text` for a terminal: line breaks stay, every other character that cannot be seen becomes U+FFFD."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() or character == "\n" else UNSEEN for character in text)


def document_safe(text: str) -> str:
    """`text` for a document: what is no character, or turns others around, becomes U+FFFD; spaces stay as they are."""
    return _NO_CHARACTER.sub(UNSEEN, text)


def json_safe(json_text: str) -> str:
    """The same JSON in characters that no terminal obeys, that break no line, and that UTF-8 can hold.

    Python's `json` escapes the control characters below U+0020 alone; read back, the values are equal.
    """
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", json_text)
