"""Wording per domain, as it is stored and hashed with a data set."""

import json

import pytest

from afl.data.domains import DOMAINS, domain_fields, read_domain
from afl.types import Domain


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_a_built_in_domain_is_stored_as_it_was_before_there_were_participles(domain: Domain) -> None:
    fields = domain_fields(domain)
    assert list(fields) == ["name", "item", "items", "verb", "past", "person"]
    assert read_domain(json.loads(json.dumps(fields))) == domain


def test_a_participle_of_a_domain_of_ones_own_is_stored() -> None:
    book = Domain("book", "book", "books", "choose", "chose", "reader", participle="chosen")
    assert domain_fields(book)["participle"] == "chosen"
    assert read_domain(domain_fields(book)) == book


def test_without_a_participle_it_is_the_past_tense() -> None:
    assert Domain("book", "book", "books", "buy", "bought", "reader").participle == "bought"
    assert DOMAINS["item"].participle == "chosen"
