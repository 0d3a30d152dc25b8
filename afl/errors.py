"""The errors that AFL raises. A message says what was given, what was expected, and what to do next.

All of them end a command with exit code 2 and one line on stderr, except `ReplayError` and
`TimeLimitError` (exit code 1).
"""


class AFLError(Exception):
    """The base class: `except AFLError` catches every error that AFL raises on purpose."""

    exit_code = 2


class UsageError(AFLError, ValueError):
    """An option, name or value that cannot be used as given."""


class DataError(AFLError, ValueError):
    """A data file that does not conform to its format; names file, line and reason."""


class NotFoundError(AFLError, LookupError):
    """A data set, run, session, model or plug-in that does not exist under that name."""


class ModelError(AFLError, RuntimeError):
    """A model that cannot be trained, or a checkpoint that cannot be read."""


class ConflictError(AFLError, RuntimeError):
    """A run that exists with different settings, or that another process holds."""


class StorageError(AFLError, OSError):
    """A database or folder that cannot be opened, written or upgraded."""


class EndpointError(AFLError, ConnectionError):
    """A language model or download server that cannot be reached or rejects requests: wrong key, wrong model name."""


class WorkerError(AFLError, RuntimeError):
    """Workers of an engine that cannot be started, or were lost repeatedly."""


class TimeLimitError(AFLError, TimeoutError):
    """A run that was stopped at its time limit."""

    exit_code = 1


class ReplayError(AFLError, LookupError):
    """A replay needed a request that is not in the journal of the recorded run."""

    exit_code = 1
