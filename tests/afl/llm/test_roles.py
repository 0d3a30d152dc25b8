"""One value per role, made once where both roles have the same."""

from afl.llm.language_model import LanguageModelSpec, PerRole
from afl.types import Role
from agents.reflection import REFLECTION

ONE, OTHER = LanguageModelSpec("openai:one"), LanguageModelSpec("openai:other")


def test_roles_with_equal_specifications_share_what_is_made_of_them() -> None:
    made = PerRole(ONE, LanguageModelSpec("openai:one")).map(lambda spec: [spec.name])
    assert made.of(Role.USER) is made.of(Role.RECOMMENDATION)
    assert made.distinct == (["openai:one"],)


def test_roles_with_different_specifications_have_their_own() -> None:
    names = PerRole(ONE, OTHER).map(lambda spec: spec.name)
    assert (names.of("recommendation"), names.of("user")) == ("openai:one", "openai:other")
    assert names.distinct == ("openai:one", "openai:other")


def test_reflections_ask_the_recommendation_agents_model() -> None:
    assert PerRole(ONE, OTHER).of(REFLECTION) is ONE
