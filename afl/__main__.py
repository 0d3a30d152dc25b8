"""`python -m afl`: the one place where this package looks upward."""

from simulations.cli import main

if __name__ == "__main__":
    main()
