"""What several runs asked of the language model, added up."""

from collections.abc import Iterable

from afl.llm.usage import UsageTotals


def added(totals: Iterable[UsageTotals]) -> UsageTotals:
    """The sum of all; a cost that is not known in one is not known in the sum."""
    found = list(totals)
    costs = [one["cost_usd"] for one in found]
    return UsageTotals(
        calls=sum(one["calls"] for one in found),
        journaled=sum(one["journaled"] for one in found),
        retries=sum(one["retries"] for one in found),
        repairs=sum(one["repairs"] for one in found),
        prompt_tokens=sum(one["prompt_tokens"] for one in found),
        completion_tokens=sum(one["completion_tokens"] for one in found),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )
