"""Servers of local models: started when needed, shared, started again, ended; real processes with a stand-in inside."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from afl.errors import EndpointError
from afl.llm.gguf.servers import ServerLease
from tests.afl.llm.gguf.conftest import ModelFile

Loads = Callable[[], list[list[int]]]

PARENT = """
import asyncio, sys
from pathlib import Path
from afl.llm.gguf.servers import ServerLease

async def serve():
    lease = ServerLease(Path(sys.argv[1]))
    print(await lease.address(), flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
"""


def has_ended(process: int) -> bool:
    """Whether this process, which need not be a child of ours, is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def ended(process: int) -> None:
    async with asyncio.timeout(10):
        while not has_ended(process):  # noqa: ASYNC110  # nobody tells when another's child ends
            await asyncio.sleep(0.01)


async def test_a_server_starts_with_the_first_request_is_shared_and_ends_with_its_last_user(
    model_file: ModelFile, loads: Loads
) -> None:
    path = model_file()
    one, other = ServerLease(path), ServerLease(path)
    assert loads() == []
    addresses = await asyncio.gather(one.address(), other.address())
    ((process, threads),) = loads()
    assert addresses[0] == addresses[1]
    assert addresses[0].startswith("http://127.0.0.1:")
    assert 1 <= threads <= max(1, (os.cpu_count() or 1) - 1)
    await one.release()
    assert await other.address() == addresses[0]
    await other.release()
    assert has_ended(process)


async def test_a_server_that_was_killed_is_started_again_but_not_for_ever(
    model_file: ModelFile, loads: Loads
) -> None:
    lease = ServerLease(model_file())

    async def kill_again_and_again() -> None:
        while await lease.address():
            os.kill(loads()[-1][0], signal.SIGKILL)

    with pytest.raises(EndpointError, match=r"tiny\.gguf: llama\.cpp's server ended 3 times"):
        await asyncio.wait_for(kill_again_and_again(), 20)
    assert len(loads()) == 3
    await lease.release()


def test_a_server_ends_with_a_parent_that_is_killed(model_file: ModelFile, loads: Loads) -> None:
    command = [sys.executable, "-c", PARENT, str(model_file())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith("http://127.0.0.1:")
        ((process, _),) = loads()
        assert not has_ended(process)
        parent.kill()
    asyncio.run(ended(process))


async def test_ctrl_c_does_not_reach_the_server(model_file: ModelFile, loads: Loads) -> None:
    lease = ServerLease(model_file())
    await lease.address()
    ((process, _),) = loads()
    assert os.getpgid(process) != os.getpgid(0)
    await lease.release()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("broken", "llama_model_load: error loading model: it is corrupted"),
        ("deadly", "a line on stdout that is no answer"),
    ],
)
async def test_a_model_that_cannot_be_loaded_is_one_line(
    model_file: ModelFile, loads: Loads, kind: str, reason: str
) -> None:
    lease = ServerLease(model_file(kind))
    with pytest.raises(EndpointError, match=f"tiny.gguf: llama.cpp cannot load the model: {reason}$"):
        await lease.address()
    await lease.release()


async def test_a_server_can_be_closed_while_it_loads(model_file: ModelFile, loads: Loads) -> None:
    lease = ServerLease(model_file("slow"))
    starting = asyncio.create_task(lease.address())
    async with asyncio.timeout(10):
        while not loads():  # noqa: ASYNC110  # another process writes them
            await asyncio.sleep(0.01)
    await lease.release()
    with pytest.raises(EndpointError, match=r"llama\.cpp cannot load the model"):
        await starting
    assert has_ended(loads()[0][0])


async def test_the_library_itself_refuses_a_file_that_is_cut_off(model_file: ModelFile) -> None:
    pytest.importorskip("xllamacpp", reason="the extra local is not installed")
    lease = ServerLease(model_file())
    with pytest.raises(EndpointError, match=r"llama\.cpp cannot load the model: .*(gguf|model)"):
        await lease.address()
    await lease.release()
