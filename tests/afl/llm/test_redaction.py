"""Keys and credentials stay out of errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.llm.redaction import host_and_port, redact_line, redact_secrets, secret_encodings, url_secrets


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-SECRET12.",
        "Authorization: Bearer SECRET12",
        "cannot reach http://me:SECRET12@host:8000/v1",
        "cannot reach https://host/v1?api-key=SECRET12&x=1",
        "cannot reach https://host/v1?key=SECRET12",
        "Authorization: Basic bWU6SECRET12",
    ],
)
def test_what_looks_like_a_key_is_blacked_out(text: str) -> None:
    assert "SECRET12" not in redact_line(text)


def test_the_actual_key_is_blacked_out_whatever_it_looks_like() -> None:
    assert redact_line("your key hunter2 is wrong", ["hunter2"]) == "your key [key] is wrong"


@pytest.mark.parametrize("cut", [8, 12, 20])
def test_a_key_that_was_cut_is_blacked_out_too(cut: int) -> None:
    assert redact_line("got 'wonderful-key-1234567890"[: 5 + cut], ["wonderful-key-1234567890"]) == "got '[key]"


def test_of_an_address_password_header_and_keys_are_secret_in_every_spelling() -> None:
    result = url_secrets("http://me:p%40ss@host/v1?api_key=a%2Bb&v=1")
    assert set(result) == {"bWU6cEBzcw==", "p%40ss", "p@ss", "p%2540ss", "a+b", "a%2Bb"}


def test_a_reply_holds_no_spelling_of_a_secret() -> None:
    secret = 'a "key" of/mine'
    assert (
        redact_secrets(" ".join(secret_encodings(secret)), secret_encodings(secret)) == "[key] [key] [key] [key]"
    )


def test_a_reply_keeps_words_that_are_too_short_to_be_a_key() -> None:
    assert redact_secrets("Reason: 1 is fine", ["1", "fine"]) == "Reason: 1 is fine"


@given(st.text(max_size=2000))
def test_an_error_is_one_line_of_bounded_length(text: str) -> None:
    line = redact_line(text)
    assert len(line) <= 300
    assert "\n" not in line


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:secret@localhost:8000/v1?key=x", "localhost:8000"),
        ("https://api.openai.com/v1", "api.openai.com:443"),
        ("http://[::1]/v1", "::1:80"),
    ],
)
def test_of_an_address_only_host_and_port_are_shown(url: str, shown: str) -> None:
    assert host_and_port(url) == shown
