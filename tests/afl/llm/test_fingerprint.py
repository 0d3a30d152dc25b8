"""Equal requests have equal fingerprints, and only they."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from afl.llm.fingerprint import fingerprint
from afl.types import Message

MESSAGES: list[Message] = [{"role": "user", "content": "Björk, or Muse?"}]


def test_the_fingerprint_of_a_known_request_never_changes() -> None:
    text = (
        '{"messages":[{"content":"Björk, or Muse?","role":"user"}],"model":"m","parameters":{"temperature":0.0}}'
    )
    expected = hashlib.sha256(text.encode("utf-8")).hexdigest()
    assert fingerprint("m", {"temperature": 0.0}, MESSAGES) == expected


def test_the_order_of_parameters_does_not_matter() -> None:
    assert fingerprint("m", {"a": 1, "b": 2}, MESSAGES) == fingerprint("m", {"b": 2, "a": 1}, MESSAGES)


def test_model_parameters_and_messages_all_enter() -> None:
    requests = [
        fingerprint("m", {}, MESSAGES),
        fingerprint("n", {}, MESSAGES),
        fingerprint("m", {"temperature": 0}, MESSAGES),
        fingerprint("m", {}, [*MESSAGES, *MESSAGES]),
        fingerprint("m", {}, [{"role": "system", "content": "Björk, or Muse?"}]),
    ]
    assert len(set(requests)) == 5


@given(st.text(alphabet=st.characters()))
def test_any_text_can_be_fingerprinted(text: str) -> None:
    assert len(fingerprint("m", {}, [{"role": "user", "content": text}])) == 64
