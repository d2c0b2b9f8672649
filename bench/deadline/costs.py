"""What requests cost, and what follows from it: how many cases a machine bears in the last minutes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

Effort = Mapping[str, float]
"""Seconds of processor time by part of the platform; ``client`` is the replay's own."""
PARTS = ("web", "workers", "MongoDB", "Kafka", "MinIO", "door", "mail")


@dataclass(frozen=True)
class Costs:
    """The effort of one request of each kind, and how many of each come with one case in its last hour.

    ``events`` are those told for one case; ``idle`` is what the platform takes while nobody is there, in cores;
    ``commit`` says what was measured.
    """

    commit: str
    of_one: Mapping[str, Effort]
    with_a_case: Mapping[str, float]
    events: float
    idle: Effort

    def of_a_case(self) -> Effort:
        """All that comes with one case."""
        whole: dict[str, float] = defaultdict(float)
        for kind, times in self.with_a_case.items():
            for part, seconds in self.of_one[kind].items():
                whole[part] += times * seconds
        return whole

    def capacity(self, cores: int) -> float:
        """Cases a second that so many cores bear, the replay's own work included."""
        return (cores - sum(self.idle.values())) / sum(self.of_a_case().values())

    def table(self) -> str:
        """Milliseconds by kind and part."""
        parts = (*PARTS, "client")
        lines = [f"{'milliseconds of processor time':32}" + "".join(f"{part:>9}" for part in (*parts, "all"))]
        for kind, effort in [*self.of_one.items(), ("a case in its last hour", self.of_a_case())]:
            figures = [*(effort.get(part, 0.0) for part in parts), sum(effort.values())]
            lines.append(f"{kind:32}" + "".join(f"{1000 * figure:9.1f}" for figure in figures))
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """Keep it for the capacity model."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, file: Path) -> Costs:
        """What was kept."""
        return cls(**json.loads(file.read_text()))
