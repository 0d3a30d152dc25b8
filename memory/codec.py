"""Texts as bytes: JSON under zstd, each against the texts before it, so that a session's words are kept once.

A dialogue repeats itself: every request holds most of the one before and quotes its reply. With the previous
texts as dictionary only what is new takes space.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import zstandard

_LEVEL = 5
"""Against a dictionary it takes as long as level 1, and a tenth less space."""


def to_json(value: Any) -> bytes:
    """Compact JSON; lone surrogates survive, which strict UTF-8 would refuse."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def from_json(data: bytes) -> Any:
    return json.loads(data.decode("utf-8", "surrogatepass"))


def compress(data: bytes, before: bytes = b"") -> bytes:
    """`data` under zstd; `before` is needed again to read it."""
    return zstandard.ZstdCompressor(level=_LEVEL, dict_data=_dictionary(before), write_checksum=False).compress(
        data
    )


def decompress(data: bytes, before: bytes = b"") -> bytes:
    return zstandard.ZstdDecompressor(dict_data=_dictionary(before)).decompress(data)


@cache
def shared_dictionary() -> bytes:
    """What requests have in common, to compress a session's first ones against.

    The file is never changed: what was compressed against it could not be read any more. Other wording only
    compresses less well.
    """
    return (Path(__file__).parent / "words_1.txt").read_bytes()


def _dictionary(before: bytes) -> zstandard.ZstdCompressionDict | None:
    if not before:
        return None
    return zstandard.ZstdCompressionDict(before, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
