"""How the sessions of a run are played: in this process, or in many; found by name under `afl.engines`."""
