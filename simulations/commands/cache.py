"""`afl cache explain`: why earlier runs could, or could not, answer the requests of a run."""

from typing import TYPE_CHECKING, Annotated, Literal, get_args

from afl.option import RUN, Argument, Option, one_of
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store
    from simulations.execution.cache_explanation import CacheExplanation

RoleName = Literal["recommendation", "user"]


def cache_explain(
    run: Annotated[str, Argument("Name of the run", "RUN")],
    *,
    session: Annotated[str | None, Option("Session whose requests are explained", RUN, metavar="ID")] = None,
    round: Annotated[int | None, Option("Round whose requests are explained", RUN)] = None,
    role: Annotated[
        RoleName | None, Option("Role of the agent whose requests are explained", RUN, metavar="ROLE")
    ] = None,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "CacheExplanation":
    """Explain which requests of a run the cache could answer, and how the others differ from the nearest ones.

    No request is sent and nothing is written. Raises `NotFoundError` for a run or request that is not there.
    """
    if role is not None:
        one_of("role", role, get_args(RoleName))

    async def explanation(store: "Store") -> "CacheExplanation":
        from simulations.execution.cache_explanation import RequestFilter, explain_run

        return await explain_run(store, run, RequestFilter(session, round, role))

    return with_store(db, settings, explanation)
