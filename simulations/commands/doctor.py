"""`afl doctor`: whether this environment can run AFL, check by check."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from afl.errors import AFLError
from afl.extras import EXTRAS, missing_libraries
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store

PACKAGES = ("afl", "agents", "memory", "simulations")
LIBRARIES = ("langgraph", "langchain-core", "torch", "SQLAlchemy", "numpy", "polars")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `ok` is None where nothing is wrong but something is missing that some commands need."""

    name: str
    ok: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks; `ok` when none of them failed."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok is not False for check in self.checks)

    @property
    def exit_code(self) -> int:
        """2 when a check failed: an environment that cannot work."""
        return 0 if self.ok else 2

    def to_json(self) -> dict[str, Any]:
        """The object of `doctor --json`."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


def doctor(*, db: Annotated[str | None, DB] = None, settings: "Settings | None" = None) -> Diagnosis:
    """Check whether this environment can run AFL: Python, packages, extras, folders, database and key.

    Writes nothing but a trial file it removes.
    """
    from afl.settings import Settings

    settings = settings or Settings()
    installed = packages_distributions()
    return Diagnosis(
        (
            _python(),
            *(_owner(package, installed.get(package, [])) for package in PACKAGES),
            _libraries(),
            *(_extra(extra) for extra in EXTRAS),
            _tried("home", lambda: _writable(settings.home)),
            _tried("database", lambda: with_store(db, settings, _database)),
            _key(settings),
        )
    )


def _python() -> Check:
    text = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return Check("python", sys.version_info >= (3, 11), f"{text} (3.11 or newer is needed)")


def _owner(package: str, distributions: Sequence[str]) -> Check:
    """Whether AFL alone installed a package; another project that installs an `agents` of its own overwrites it."""
    spec = find_spec(package)
    if set(distributions) == {"afl"}:
        folder = Path(spec.origin).parent if spec and spec.origin else "nowhere"
        return Check(f"package {package}", True, f"afl's own, in {folder}")
    owners = " and ".join(sorted(set(distributions))) or "nobody"
    advice = "install AFL in an environment of its own"
    return Check(f"package {package}", False, f"installed by {owners}, expected afl alone; {advice}")


def _libraries() -> Check:
    return Check("libraries", True, ", ".join(f"{name} {version(name)}" for name in LIBRARIES))


def _extra(extra: str) -> Check:
    missing = missing_libraries(extra)
    if not missing:
        return Check(f"extra {extra}", True, "installed")
    return Check(f"extra {extra}", None, f'not installed ({", ".join(missing)}): pip install "afl[{extra}]"')


def _tried(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except (AFLError, OSError) as error:
        return Check(name, False, str(error))


def _writable(home: Path) -> str:
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=home):
        return f"{home} can be written"


async def _database(store: "Store") -> str:
    return f"{store.where}, {len(await store.runs())} runs"


def _key(settings: "Settings") -> Check:
    if settings.openai_api_key:
        return Check("key", True, "OPENAI_API_KEY is set")
    return Check("key", None, "OPENAI_API_KEY is not set; only --llm offline and servers without a key will work")
