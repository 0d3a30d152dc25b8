"""Makes untrusted text (titles, reasons, replies, error messages) safe to show in terminals, documents and JSON.

A terminal obeys escape sequences, and both terminals and browsers let some characters reverse or hide the text next to
them. Characters that are not visible are replaced by U+FFFD, or escaped where text must come back unchanged.
"""

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BIDIRECTIONAL = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates: the text that follows is shown in another order than it was written."""
_CONTROLS = re.compile(f"[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\ufeff{_BIDIRECTIONAL}\ud800-\udfff]")
_NOT_PRINTABLE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDIRECTIONAL}\ud800-\udfff\ufffe\uffff]")


def terminal_safe(text: str) -> str:
    """`text` for a terminal: line breaks stay, every other character that cannot be seen becomes U+FFFD."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else REPLACEMENT for character in text
    )


def document_safe(text: str) -> str:
    """`text` for a document: control and bidirectional characters become U+FFFD; white space stays as it is."""
    return _NOT_PRINTABLE.sub(REPLACEMENT, text)


def json_safe(json_text: str) -> str:
    """The same JSON without terminal controls, line breaks and characters that UTF-8 cannot encode.

    Python's `json` escapes only the control characters below U+0020; read back, the values are equal.
    """
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", json_text)
