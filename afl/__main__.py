"""`python -m afl`: the only place where this package imports `simulations`."""

from simulations.cli import main

if __name__ == "__main__":
    main()
