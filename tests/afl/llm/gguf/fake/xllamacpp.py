"""A stand-in for xllamacpp: a server that answers like `afl.testing.server`; what it loads decides how it goes.

The content of a model's file after `GGUF`: ` broken` cannot be loaded, ` slow` is loaded forever, ` deadly` ends the
process. Each load adds a line to the file that AFL_TEST_LOADS names.
"""

import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

from afl.testing.server import running_server


class CommonParams:
    def __init__(self) -> None:
        self.model = SimpleNamespace(path="")
        self.cpuparams = SimpleNamespace(n_threads=-1)
        self.cpuparams_batch = SimpleNamespace(n_threads=-1)
        self.api_keys: list[str] = []
        self.model_alias: set[str] = set()


class Server:
    def __init__(self, params: CommonParams) -> None:
        print("a line on stdout that is no answer")
        with Path(os.environ["AFL_TEST_LOADS"]).open("a") as loads:
            loads.write(f"{os.getpid()} {params.cpuparams.n_threads}\n")
        content = Path(params.model.path).read_bytes()
        if content == b"GGUF broken":
            print("0.00.072.624 E llama_model_load: error loading model: it is corrupted", file=sys.stderr)
            print("0.00.074.967 E srv          init: exiting due to model loading error", file=sys.stderr)
            raise RuntimeError("Failed to init server, please check the input params.")
        if content == b"GGUF deadly":
            os._exit(1)
        if content == b"GGUF slow":
            threading.Event().wait()
        self._running = running_server(authorization=f"Bearer {params.api_keys[0]}")
        self.listening_address = self._running.__enter__().url.removesuffix("/v1")
