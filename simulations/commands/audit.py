"""`afl audit`: checks a recorded run for leaks."""

from typing import TYPE_CHECKING, Annotated

from afl.option import Argument
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store
    from simulations.leakage.run_audit import Audit


def audit(
    run: Annotated[str, Argument("Name of the run", "RUN")],
    *,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "Audit":
    """Check the recorded sessions of a run for leaks: anything that gives the target away.

    Checks that need the data set are left out where it is gone or changed. Raises `NotFoundError` for a run that is
    not there.
    """
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings

    datasets = DatasetStore((settings or Settings()).data_dir)

    async def audited(store: "Store") -> "Audit":
        from simulations.leakage.run_audit import audit_run

        return await audit_run(await store.run(run), datasets)

    return with_store(db, settings, audited)
