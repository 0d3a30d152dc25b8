"""The size of a request, in the one unit that bounds its tokens."""

import json
from collections.abc import Sequence

from afl.types import Message


def request_bytes(messages: Sequence[Message]) -> int:
    """UTF-8 bytes of the messages as JSON: no tokenizer makes more tokens of them.

    A token covers at least one byte; the JSON around each message outweighs the few tokens that mark its role.
    """
    return len(json.dumps(list(messages), ensure_ascii=False).encode("utf-8", "surrogatepass"))
