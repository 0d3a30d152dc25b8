"""Does a tool give the target away?"""

from collections.abc import Sequence
from typing import NamedTuple

from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.leakage.suggestions import Accuracy
from simulations.leakage.titles import Titles

NAME = "advice"


class ToolAdvice(NamedTuple):
    """The advice of one tool before the first recommendation of a session."""

    tool: str
    text: str
    candidates: tuple[str, ...]
    target: str


def check_advice(advice: Sequence[ToolAdvice]) -> Check:
    """For each tool, how often its advice names the target, against how many candidates it names at all.

    A tool that names every candidate says nothing; one that names a few and nearly always the target knows it.
    """
    if not advice:
        return not_checked(NAME, "No tool but the base model gave advice.")
    tools = {tool: _accuracy([one for one in advice if one.tool == tool]) for tool in _tools(advice)}
    numbers = {tool: accuracy.to_json() for tool, accuracy in tools.items()}
    implausible = {tool: accuracy for tool, accuracy in tools.items() if accuracy.implausible}
    for tool, accuracy in implausible.items():
        text = f"Tool {tool!r} names the target in {accuracy.hits} of {accuracy.n} sessions: it knows it."
        return Check(NAME, Verdict.BROKEN, text, numbers)
    return Check(NAME, Verdict.OK, "No tool names the target more often than a model might.", numbers)


def _tools(advice: Sequence[ToolAdvice]) -> list[str]:
    return list(dict.fromkeys(one.tool for one in advice))


def _accuracy(advice: Sequence[ToolAdvice]) -> Accuracy:
    named = [Titles(one.candidates).named(one.text) for one in advice]
    hits = sum(one.target in titles for one, titles in zip(advice, named, strict=True))
    shares = [len(titles) / len(one.candidates) for one, titles in zip(advice, named, strict=True)]
    return Accuracy.of(hits, len(advice), chance=sum(shares) / len(shares))
