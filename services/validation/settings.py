"""What validation is told from outside, besides what all services are told."""

from __future__ import annotations

from pathlib import Path

from shared.settings import ServiceSettings


class ValidationSettings(ServiceSettings):
    """Settings of validation.

    ``check_dir`` is where a checker keeps the one file it reads (empty: the system's folder for temporary files).
    ``check_cpu_seconds``, ``check_wall_seconds`` and ``check_memory_mb`` limit the reading of one file;
    ``check_lease_seconds`` is how long a checker may be silent, gone or stopped, before another one takes its job.
    """

    check_dir: Path | None = None
    check_cpu_seconds: int = 10
    check_wall_seconds: float = 60.0
    check_memory_mb: int = 512
    check_lease_seconds: int = 60
