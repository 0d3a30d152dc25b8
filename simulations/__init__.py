"""The loop, its runner, the commands and the command line.

Every command of `afl` is one function here, with the same options:

    from simulations import import_data, simulate

    import_data("demo", name="demo")
    report = simulate(dataset="demo", llm="offline")

Names are stated in the stub `__init__.pyi` and imported on first use: `import simulations` and `afl --help` load
neither torch nor langgraph.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
