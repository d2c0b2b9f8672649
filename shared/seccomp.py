"""Takes the network, programs and writing to disk away from the calling process, for good (Linux, seccomp)."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Mapping

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_NR, _ARCH, _ARGUMENT = 0, 4, 16
_WRITING = 0x1 | 0x2 | 0x40 | 0x200  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC

# Number of each call that is denied, and the argument that holds open's flags where only writing is.
_DENIED: Mapping[str, tuple[int, tuple[int, ...], Mapping[int, int]]] = {
    "x86_64": (
        0xC000003E,
        # socket connect accept sendto sendmsg bind listen socketpair execve kill ptrace rename mkdir rmdir creat link
        # unlink symlink chmod fchmod chown mount setns unshare process_vm_readv/writev tkill tgkill
        (41, 42, 43, 44, 46, 49, 50, 53, 59, 62, 101, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 165, 308, 272, 310, 311,
         # execveat bpf io_uring_* pidfd_* memfd is harmless; *at forms: mkdirat mknodat unlinkat renameat(2) linkat ...
         322, 321, 425, 426, 427, 424, 434, 438, 258, 259, 263, 264, 316, 265, 266, 268, 260, 76, 133, 437, 298, 323),
        {2: 1, 257: 2},
    ),
    "aarch64": (
        0xC00000B7,
        (198, 203, 202, 206, 211, 200, 201, 199, 221, 129, 117, 34, 33, 35, 38, 276, 37, 36, 53, 54, 40, 268, 97, 270,
         271, 281, 280, 425, 426, 427, 424, 434, 438, 45, 437, 241, 282),
        {56: 2},
    ),
}  # fmt: skip


def available() -> bool:
    """Whether this machine's calls are known here."""
    return platform.system() == "Linux" and platform.machine() in _DENIED


def lock() -> bool:
    """Deny network, programs and writing from now on; False where the kernel or the machine does not offer it."""
    if not available():
        return False
    code = b"".join(struct.pack("<HBBI", *step) for step in _program(*_DENIED[platform.machine()]))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    program = Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(arch: int, denied: tuple[int, ...], openers: Mapping[int, int]) -> list[tuple[int, int, int, int]]:
    steps = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NR)]
    for number in denied:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _DENY)]
    for number, argument in openers.items():
        steps += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _ARGUMENT + 8 * argument),
            (_ANY_BIT, 0, 1, _WRITING),
            (_RETURN, 0, 0, _DENY),
            (_RETURN, 0, 0, _ALLOW),
        ]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]
