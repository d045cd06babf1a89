from __future__ import annotations

import subprocess
import sys

import pytest

_USE_AND_FREE = """
import threading
from app import memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def work():
    blocks = [bytearray(100_000) for _ in range(2_000)]  # each below what is mapped by itself
    del blocks[::2]
    kept.append(blocks[-1])

kept = []
for _ in range(4):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
full = resident()
memory._SECONDS = 0.0
memory.give_back()
print(full - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked to give memory back")
def test_what_is_free_goes_back_to_the_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _USE_AND_FREE], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 50e6


_USE_AGAIN = """
import resource
from app import memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    blocks = [b"x" * 4_000_000 for _ in range(4)]  # as the maps of one forward pass

work()
before = faults()
for _ in range(50):
    work()
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told what to keep")
def test_the_next_pass_finds_the_memory_of_the_last() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _USE_AGAIN], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 5_000  # pages; 200,000 if each pass fetched its own
