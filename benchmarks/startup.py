"""How long `afl --help` takes, as a ratio to importing what it is made of; and what it does not load."""

import subprocess
import sys
from statistics import median
from time import perf_counter

PEER = "import typer, rich"
HELP = "from simulations.cli.main import run; run(['--help'])"
HEAVY = ("torch", "langgraph", "numpy", "langchain_core", "sqlalchemy", "polars", "scipy", "matplotlib")
TIMES = 11


def main() -> int:
    """Prints both times, their ratio, and the heavy libraries that were loaded; exit code 1 if there are any."""
    peer, shown = [], []
    for _ in range(TIMES):
        peer.append(seconds(PEER))
        shown.append(seconds(HELP))
    found = loaded(HELP)
    print(f"python -c '{PEER}'  {median(peer):6.2f} s (median of {TIMES})")
    print(f"afl --help                     {median(shown):6.2f} s")
    print(f"ratio                          {median(shown) / median(peer):6.2f}")
    print(f"heavy libraries loaded         {', '.join(found) or 'none'}")
    return 1 if found else 0


def seconds(code: str) -> float:
    """How long a fresh interpreter takes for this."""
    start = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def loaded(code: str) -> list[str]:
    """The heavy libraries that a fresh interpreter has in memory after this."""
    told = f"{code}\nimport sys\nsys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True).stderr.split()


if __name__ == "__main__":
    raise SystemExit(main())
