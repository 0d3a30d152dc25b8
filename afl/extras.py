"""Optional libraries, by the extra of AFL that installs them: a missing one is a single clear line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from afl.errors import UsageError

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "openai": ("langchain_openai", "openai", "aiohttp"),
    "langchain": ("langchain",),
    "flower": ("accelerate", "peft", "tokenizers", "transformers"),
    "llara": ("pandas",),
    "local": ("langchain_openai", "openai", "aiohttp", "xllamacpp"),
    "postgresql": ("psycopg",),
    "ray": ("ray",),
    "testing": ("aiohttp",),
    "viewer": ("fastapi", "plotly", "uvicorn"),
}
"""The modules that each extra brings, as they are imported."""


def missing_libraries(extra: str) -> tuple[str, ...]:
    """Those libraries of the extra that are not installed."""
    return tuple(library for library in EXTRAS[extra] if not _is_installed(library))


def require_extra(extra: str, purpose: str) -> None:
    """Raises `UsageError` where a library of the extra is not installed. `purpose` is what needs it: `the viewer`."""
    missing = missing_libraries(extra)
    if missing:
        raise missing_extra(extra, purpose, missing[0])


@contextmanager
def optional_imports(extra: str, purpose: str) -> Iterator[None]:
    """Turns an `ImportError` of the imports inside into a `UsageError` that names the extra."""
    try:
        yield
    except ImportError as error:
        missing = missing_libraries(extra) or (error.name or EXTRAS[extra][0],)
        raise missing_extra(extra, purpose, missing[0]) from None


def missing_extra(extra: str, purpose: str, library: str) -> UsageError:
    """The error of an extra that is not installed."""
    return missing_library(purpose, library, f'"afl[{extra}]"')


def missing_library(purpose: str, library: str, package: str) -> UsageError:
    """The error of a library that is not installed; `package` is what `pip install` takes."""
    return UsageError(f"{purpose} needs {library}, which is not installed: pip install {package}")


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except (ImportError, ValueError):
        return False
