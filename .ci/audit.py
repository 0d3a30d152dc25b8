"""Looks the pinned libraries up among known vulnerabilities, and never passes in silence for want of a network.

Exit code 1 where one is known. Where the source cannot be reached, or knows nothing of a library, that is said and the
exit code is 0; with `--strict` it is 2.
"""

import json
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).resolve().parents[1] / "constraints.txt"
SOURCE = "the Python package index's advisories"


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return not_done(f"{SOURCE} do not answer")
    try:
        libraries = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
        return not_done(f"{SOURCE} cannot be reached ({reason})")
    looked_up = [library for library in libraries if "vulns" in library]
    for library in looked_up:
        for found in library["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version"
            print(f"VULNERABLE {library['name']} {library['version']}: {found['id']}, mended in {fixed}")
    if any(library["vulns"] for library in looked_up):
        return 1
    print(
        f"dependency audit: {len(looked_up)} of {len(libraries)} pinned libraries looked up, nothing known of them"
    )
    if len(looked_up) < len(libraries):
        return not_done(f"{SOURCE} say nothing of {len(libraries) - len(looked_up)} libraries")
    return 0


def not_done(why: str) -> int:
    print(f"dependency audit NOT DONE: {why}; run `make audit` where there is a network", file=sys.stderr)
    return 2 if "--strict" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
