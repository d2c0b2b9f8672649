"""What a process gives up before it reads a stranger's file: time, memory, disk, network, other programs."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from shared import seccomp

_MOST_STACK = 16 * 1024 * 1024


def confine(*, cpu: int, memory: int) -> None:
    """From here on this process may use so many more seconds of processor and bytes of memory, and open files to read.

    Beyond the seconds it gets SIGXCPU, beyond the bytes MemoryError; all else fails with EPERM where the kernel offers
    it.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    # What is mapped already are shared libraries; what counts is what this file makes us take.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_AS, (memory + _mapped(), memory + _mapped()))
    resource.setrlimit(resource.RLIMIT_STACK, (_MOST_STACK, _MOST_STACK))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    if hasattr(resource, "RLIMIT_NPROC") and os.getuid() != 0:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    seccomp.lock()


def _mapped() -> int:
    """Bytes of address space this process has already."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
