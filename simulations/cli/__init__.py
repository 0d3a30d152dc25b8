"""The command line: parses, calls the public function of the same name, prints. Nothing is decided here."""

from simulations.cli.main import main

__all__ = ["main"]
