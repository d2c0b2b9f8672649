"""Where things are: the project, this stack's own folder, and the cache shared by all stacks of a person."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Places:
    """Every folder the local stack writes to; nothing is written anywhere else."""

    root: Path
    var: Path
    cache: Path

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def keys(self) -> Path:
        return self.var / "keys"

    @property
    def etc(self) -> Path:
        return self.var / "etc"

    @property
    def env(self) -> Path:
        return self.var / "env"

    @property
    def web(self) -> Path:
        return self.var / "web"

    @property
    def stack_env(self) -> Path:
        return self.var / "stack.env"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def is_main(self) -> bool:
        """The stack in var/ gets the well-known ports; any other one gets a block of its own."""
        return self.var == self.root / "var"

    def data(self, server: str) -> Path:
        return self.var / "data" / server

    def log_of(self, name: str) -> Path:
        return self.log / f"{name}.log"

    def make(self) -> None:
        for folder in (self.run, self.log, self.keys, self.etc, self.env, self.web, self.cache):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.keys, self.env, self.web):
            folder.chmod(0o700)

    def remove(self) -> None:
        """Throw the stack's folder away; only for a stack that is stopped."""
        shutil.rmtree(self.var, ignore_errors=True)


def places(environ: "os._Environ[str] | dict[str, str]" = os.environ) -> Places:
    """Read ZHENGJI_VAR and ZHENGJI_CACHE; a relative ZHENGJI_VAR is meant from the project's root."""
    home_cache = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cache = Path(environ.get("ZHENGJI_CACHE") or Path(home_cache) / "zhengji")
    var = Path(environ.get("ZHENGJI_VAR") or "var")
    return Places(root=ROOT, var=(ROOT / var).resolve(), cache=cache.expanduser().resolve())
