"""`afl rescore`: what today's parsers and metrics make of the replies of a run."""

from typing import TYPE_CHECKING, Annotated

from afl.option import Argument
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store
    from simulations.rescoring.run import Rescoring


def rescore(
    run: Annotated[str, Argument("Name of the run", "RUN")],
    *,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "Rescoring":
    """Read the stored replies of a run with today's parsers and metrics: what would change, without a request.

    Nothing is written. Raises `NotFoundError` for a run that is not there.
    """

    async def rescored(store: "Store") -> "Rescoring":
        from simulations.rescoring.run import rescore_run

        return await rescore_run(await store.run(run))

    return with_store(db, settings, rescored)
