"""Every text of the agents' prompts in one table: its name, who is sent it when, and the fields it may have.

A new text is a file `NAME.txt` beside this one and a row here; a heading is a field of `afl.prompt_headings.Headings`
and a row.
"""

from collections.abc import Collection
from dataclasses import fields
from enum import StrEnum
from typing import NamedTuple

from afl.llm.language_model import PerRole
from afl.prompt_headings import Headings

DOMAIN_FIELDS = {
    "domain": "what the items are, in a word",
    "item": "one item",
    "items": "several items",
    "verb": "what a person does with an item",
    "past": "its participle: *the items you have ...*",
    "past_tense": "its past tense: *this person ...*",
    "person": "who does it",
}
"""Fields that every text may have, except for headings: the wording of a data set's domain."""
OTHER_FIELDS = {
    "problem": "what is wrong with the reply, as a sentence",
    "count": "the number of items in the list",
    "entries": "the numbered lines of a list, an item each",
}
"""Fields that only some texts may have."""
HEADING = "heading."
"""Names of headings begin with this."""


class Use(StrEnum):
    """What a run may ask for, or show; a text is in use where any of its uses is."""

    RECOMMEND = "the recommendation agent is asked for an item"
    RANK = "the recommendation agent is asked for a list"
    LISTED = "the user agent sees the candidates and is made an offer"
    ALONE = "the user agent is made an offer and sees nothing else"
    JUDGE = "the user agent judges an item that nobody offers"
    CHOOSE = "the user agent chooses one of several items"
    ZERO_SHOT = "the language model is asked without a role"
    REFLECT = "the model is asked about its own mistake"
    ADVICE = "the recommendation agent is given advice"
    MEMORY = "agents remember refusals"
    OFFER_SCORE = "the user agent sees the reward score of an offer"
    LIST_SCORES = "the user agent sees the reward scores of several items"
    REASON = "the user agent sees why an item, or a list, is recommended"


class PromptText(NamedTuple):
    """A row of the table."""

    name: str
    agent: str
    """Who is sent it."""
    when: str
    """In which request, and where in it."""
    uses: Collection[Use]
    own_fields: tuple[str, ...] = ()
    """Fields beyond those of the domain."""
    structured: bool | None = None
    """Whether it is in use with `--structured`, or without; None for both."""

    @property
    def is_heading(self) -> bool:
        return self.name.startswith(HEADING)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every `$field` that it may have."""
        return () if self.is_heading else (*DOMAIN_FIELDS, *self.own_fields)


_R, _U, _BOTH, _ITSELF = "recommendation agent", "user agent", "both agents", "the model by itself"
_FIRST = "first, as the system message"
_LAST = "last; repeated by a repair"
_QUESTION = "after the sections"
_OFFERS = (Use.LISTED, Use.ALONE)
_LISTS = (Use.RECOMMEND, Use.RANK, Use.LISTED, Use.CHOOSE, Use.ZERO_SHOT)
_ASKS = (*_LISTS, Use.ALONE, Use.JUDGE)


def _answer_formats(
    name: str,
    agent: str,
    when: str,
    uses: Collection[Use],
    own_fields: tuple[str, ...] = (),
    *,
    is_of_list: bool = False,
) -> tuple[PromptText, ...]:
    """The format of an answer in lines, as a JSON object and, of an item of a list, with numbers in place of titles."""
    in_json = tuple(field for field in own_fields if field != "entries")
    lines = PromptText(name, agent, f"{when}: {_LAST}", uses, own_fields, structured=False)
    objects = [(f"{name}_json", "as a JSON object (`--structured`)")]
    if is_of_list:
        objects.append((f"{name}_json_number", "the same, of a list too long to enumerate"))
    rows = (
        PromptText(other, agent, f"{when}: {_LAST}, {form}", uses, in_json, structured=True)
        for other, form in objects
    )
    return (lines, *rows)


TEXTS = (
    PromptText("recommendation.system", _R, f"asked for an item: {_FIRST}", {Use.RECOMMEND}),
    PromptText("recommendation.question", _R, f"asked for an item: {_QUESTION}", {Use.RECOMMEND}),
    *_answer_formats("recommendation.answer", _R, "asked for an item", {Use.RECOMMEND}, is_of_list=True),
    PromptText("ranking.system", _R, f"asked for a list: {_FIRST}", {Use.RANK}),
    PromptText("ranking.question", _R, f"asked for a list: {_QUESTION}", {Use.RANK}, ("count",)),
    *_answer_formats("ranking.answer", _R, "asked for a list", {Use.RANK}, ("count", "entries"), is_of_list=True),
    PromptText("user.system", _U, f"made an offer, or asked about an item: {_FIRST}", {*_OFFERS, Use.JUDGE}),
    PromptText("user.question_listed", _U, f"made an offer, sees the candidates: {_QUESTION}", {Use.LISTED}),
    PromptText("user.question_alone", _U, f"made an offer, sees nothing else: {_QUESTION}", {Use.ALONE}),
    PromptText("user.question_judge", _U, f"asked about an item that nobody offers: {_QUESTION}", {Use.JUDGE}),
    PromptText("user.score", _U, "in brackets after the reward score of an item", {Use.OFFER_SCORE}),
    *_answer_formats("user.answer", _U, "made an offer, or asked about an item", {*_OFFERS, Use.JUDGE}),
    PromptText("choice.system", _U, f"asked to choose: {_FIRST}", {Use.CHOOSE}),
    PromptText("choice.score", _U, "asked to choose, below a list with reward scores", {Use.LIST_SCORES}),
    PromptText("choice.question", _U, f"asked to choose: {_QUESTION}", {Use.CHOOSE}),
    *_answer_formats("choice.answer", _U, "asked to choose", {Use.CHOOSE}, is_of_list=True),
    PromptText("zero_shot.system", _ITSELF, f"asked for an item: {_FIRST}", {Use.ZERO_SHOT}),
    PromptText("zero_shot.question", _ITSELF, f"asked for an item: {_QUESTION}", {Use.ZERO_SHOT}),
    *_answer_formats("zero_shot.answer", _ITSELF, "asked for an item", {Use.ZERO_SHOT}, is_of_list=True),
    PromptText("reflection.mistakes", _R, "after a list that misses the target", {Use.REFLECT}, ("count",)),
    *_answer_formats("reflection.mistakes_answer", _R, "the same request", {Use.REFLECT}),
    PromptText("reflection.causes", _R, "then, below the target", {Use.REFLECT}, ("count",)),
    *_answer_formats("reflection.causes_answer", _R, "the same request", {Use.REFLECT}),
    PromptText("reflection.hints", _R, "then, for a hint for each cause", {Use.REFLECT}, ("count",)),
    *_answer_formats("reflection.hints_answer", _R, "the same request", {Use.REFLECT}),
    PromptText("reflection.redundancy_system", _R, f"whether a hint is new: {_FIRST}", {Use.REFLECT}),
    PromptText("reflection.redundancy_question", _R, f"whether a hint is new: {_QUESTION}", {Use.REFLECT}),
    *_answer_formats("reflection.redundancy_answer", _R, "whether a hint is new", {Use.REFLECT}),
    PromptText("repair", _BOTH, "after a reply that cannot be used", set(Use), ("problem",)),
    PromptText(f"{HEADING}history", _BOTH, "above the history", _ASKS),
    PromptText(f"{HEADING}candidates", _BOTH, "above the candidates, or the items to choose from", _LISTS),
    PromptText(f"{HEADING}advice", _R, "above suggestion, hint and other advice", {Use.ADVICE}),
    PromptText(f"{HEADING}refused", _BOTH, "above the refusals of earlier rounds", {Use.MEMORY}),
    PromptText(f"{HEADING}recommendation", _U, "before the title of the item", {*_OFFERS, Use.JUDGE}),
    PromptText(f"{HEADING}recommended_because", _BOTH, "before a reason to recommend", {Use.REASON, Use.MEMORY}),
    PromptText(f"{HEADING}refused_because", _BOTH, "before a reason to refuse", {Use.MEMORY}),
    PromptText(f"{HEADING}reward_score", _U, "before a reward score", {Use.OFFER_SCORE, Use.LIST_SCORES}),
    PromptText(f"{HEADING}chosen", _R, "above the target, in a reflection", {Use.REFLECT}),
    PromptText(f"{HEADING}hints_so_far", _R, "above earlier hints, in a reflection", {Use.REFLECT}),
    PromptText(f"{HEADING}new_hint", _R, "above the new hint, in a reflection", {Use.REFLECT}),
)
"""The table, in the order of the docs."""

BY_NAME = {text.name: text for text in TEXTS}
BUILTIN_HEADINGS = {f"{HEADING}{field.name}": str(field.default) for field in fields(Headings)}
"""The built-in texts that are no files."""


def names_in_use(uses: Collection[Use], structured: PerRole[bool]) -> frozenset[str]:
    """The names of the texts that a run with these uses sends; `structured`: whether each agent is asked for JSON."""
    return frozenset(
        text.name
        for text in TEXTS
        if not {*text.uses}.isdisjoint(uses)
        and text.structured in (None, structured.user if text.agent == _U else structured.recommendation)
    )
