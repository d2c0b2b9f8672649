"""A picture of a run as SVG: what was broken above, what people noticed of it below, over one line of time."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import escape

from tests.faults.history import HANDED_IN, Fault, Operation, Outcome, Past, Sample

WIDTH, LEFT, RIGHT = 1440, 190, 36
LANE, PANEL, BETWEEN = 18, 118, 44
INK, TEXT, FAINT, LINE, PAPER = "#123e6b", "#1c1b1a", "#5b5750", "#e4dfd3", "#fbf9f4"
JADE, RED = "#0b6e4f", "#b3261e"
COLOURS = ("#b5332a", "#c77c11", "#6a4c93", "#1f77a4", "#4d7c0f", "#a23b72", "#5b5750", "#0f766e", "#8a5a2b")
SERVICES = ("#123e6b", "#0b6e4f", "#c77c11", "#6a4c93", "#b5332a", "#1f77a4")
_STYLE = (
    "text{font:12px 'Noto Sans','DejaVu Sans',Arial,sans-serif;fill:#1c1b1a;font-variant-numeric:tabular-nums}"
    ".t{font-size:20px;font-weight:600;fill:#123e6b}.h{font-size:13px;font-weight:600;fill:#123e6b}"
    ".f{fill:#5b5750}.s{font-size:11px}"
)
_BIN = 5.0
_GROUPS = ("door", "nginx", "kafka", "broker", "mongo", "minio", "mail")


def timeline(past: Past, *, title: str) -> str:
    """The whole picture."""
    return _Picture(past).draw(title)


class _Picture:
    def __init__(self, past: Past) -> None:
        self._past = past
        self._handed_in = [each for each in past.operations if each.kind in HANDED_IN]
        self._start, self._seconds = _extent(past)
        kinds = sorted({fault.kind for fault in past.faults})
        self._colours = {kind: COLOURS[at % len(COLOURS)] for at, kind in enumerate(kinds)}
        self._shapes: list[str] = []
        self._y = 34.0

    def draw(self, title: str) -> str:
        self._text(24, self._y, title, "t")
        self._y += 26
        self._legend()
        self._lanes()
        self._receipts()
        self._latencies()
        self._outboxes()
        height = self._y + 6
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
        frame = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>'
        return "\n".join(
            [head, f"<title>{escape(title)}</title><style>{_STYLE}</style>", frame, *self._shapes, "</svg>"]
        )

    # Faults

    def _legend(self) -> None:
        times = Counter(fault.kind for fault in self._past.faults)
        x = 24.0
        for kind, colour in self._colours.items():
            words = f"{kind} ({times[kind]})"
            self._add(f'<rect x="{x}" y="{self._y - 10}" width="14" height="11" rx="2" fill="{colour}"/>')
            self._text(x + 20, self._y, words)
            x += 40 + 6.6 * len(words)
        self._add(f'<rect x="{x}" y="{self._y - 10}" width="22" height="11" rx="2" fill="{FAINT}" opacity="0.28"/>')
        self._text(x + 28, self._y, "until everything worked again", "f")
        self._y += 40

    def _lanes(self) -> None:
        lanes: dict[str, list[Fault]] = defaultdict(list)
        for fault in self._past.faults:
            for target in fault.target.split():  # some faults strike several at once
                lanes[target].append(fault)
        names = sorted(lanes, key=_rank)
        top, height = self._y, LANE * max(1, len(names))
        self._ground(top, height, "What was broken")
        for at, name in enumerate(names):
            y = top + at * LANE
            if at:
                self._add(
                    f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{LINE}" stroke-width="0.6"/>'
                )
            self._text(LEFT - 10, y + 13, name, "s", anchor="end")
            for fault in sorted(lanes[name], key=lambda each: each.began):
                self._bar(fault, y)
        self._y = top + height + BETWEEN

    def _bar(self, fault: Fault, y: float) -> None:
        colour = self._colours[fault.kind]
        began, ended = self._x(fault.began), self._x(fault.ended or fault.recovered or self._end)
        width = max(3.0, ended - began)
        words = f"{fault.kind} {fault.target}: {fault.effect or 'nothing observed'}"
        shapes = [f'<rect x="{began:.1f}" y="{y + 3}" width="{width:.1f}" height="{LANE - 6}" rx="2" fill="{colour}"/>']
        if fault.recovered and (tail := self._x(fault.recovered) - began - width) > 0.5:
            shapes.append(
                f'<rect x="{began + width:.1f}" y="{y + 3}" width="{tail:.1f}" height="{LANE - 6}" rx="2" '
                f'fill="{colour}" opacity="0.28"/>'
            )
        self._add(f"<g><title>{escape(words)}</title>{''.join(shapes)}</g>")

    # What people noticed

    def _receipts(self) -> None:
        given = Counter(
            int((each.answered - self._start).total_seconds() // _BIN)
            for each in self._handed_in
            if each.outcome is Outcome.OK and each.answered
        )
        rates = [given[at] / _BIN for at in range(int(self._seconds // _BIN) + 1)]
        most = _round_up(max(rates, default=1.0))
        top = self._y
        self._ground(top, PANEL, "Receipts per second")
        self._scale(top, [0, most / 2, most], lambda value: 1 - value / most)
        points = [(self._at(at * _BIN), top + PANEL * (1 - rate / most)) for at, rate in enumerate(rates)]
        steps = [f"{x:.1f},{y:.1f} {min(x + self._at(_BIN) - LEFT, WIDTH - RIGHT):.1f},{y:.1f}" for x, y in points]
        line, base = " ".join(steps), top + PANEL
        self._add(f'<polygon points="{LEFT},{base} {line} {WIDTH - RIGHT},{base}" fill="{JADE}" opacity="0.13"/>')
        self._add(f'<polyline points="{line}" fill="none" stroke="{JADE}" stroke-width="1.6"/>')
        self._y = top + PANEL + BETWEEN

    def _latencies(self) -> None:
        answered = [each for each in self._handed_in if each.outcome is Outcome.OK and each.took]
        low, high = -1.5, max([1.0, *(math.log10(max(0.04, _took(each))) for each in answered)])
        high = math.ceil(high * 2) / 2
        top = self._y
        self._ground(top, PANEL * 1.3, "Submit until its receipt")
        marks = [value for value in (0.1, 1, 10, 100) if low <= math.log10(value) <= high]

        def place(value: float) -> float:
            return 1 - (math.log10(value) - low) / (high - low)

        self._scale(top, marks, place, height=PANEL * 1.3, unit=" s")
        dots: dict[str, list[str]] = {RED: [], INK: []}
        for each in answered:
            y = top + PANEL * 1.3 * place(max(0.04, _took(each)))
            dots[RED if self._past.disturbed(each) else INK].append(f"M{self._x(each.asked):.1f} {y:.1f}h0")
        for colour, places in dots.items():
            style = f'stroke="{colour}" stroke-width="4" stroke-linecap="round" opacity="0.5"'
            for some in range(0, len(places), 50):  # few enough together for dots to show through each other
                self._add(f'<path d="{"".join(places[some : some + 50])}" {style}/>')
        for each in self._handed_in:
            if each.outcome is Outcome.UNKNOWN:
                x = self._x(each.asked)
                self._add(f'<path d="M{x - 3:.1f} {top + 3}l6 6m0 -6l-6 6" stroke="{RED}" stroke-width="1.4"/>')
        words = (("during a fault", RED), ("without", INK))
        self._key(top, [*words, ("no answer", "×")])
        self._y = top + PANEL * 1.3 + BETWEEN

    def _outboxes(self) -> None:
        lines: dict[str, list[Sample]] = defaultdict(list)
        for sample in self._past.samples:
            if sample.what == "outbox_age":
                lines[sample.of].append(sample)
        most = _round_up(max([1.0, *(sample.value for each in lines.values() for sample in each)]))
        top = self._y
        self._ground(top, PANEL, "Oldest event not yet told")
        self._scale(top, [0, most / 2, most], lambda value: 1 - value / most, unit=" s")
        for at, (_, samples) in enumerate(sorted(lines.items())):
            self._add(
                f'<path d="{" ".join(self._steps(samples, top, most))}" fill="none" '
                f'stroke="{SERVICES[at % len(SERVICES)]}" stroke-width="1.4" stroke-linejoin="round"/>'
            )
        self._key(top, [(name, SERVICES[at % len(SERVICES)]) for at, name in enumerate(sorted(lines))])
        self._clock(top + PANEL)
        self._y = top + PANEL + BETWEEN

    def _steps(self, samples: Sequence[Sample], top: float, most: float) -> Iterator[str]:
        """A value stays until the next one: only what changed was written."""
        yield f"M{LEFT} {top + PANEL}"
        for sample in sorted(samples, key=lambda each: each.at):
            yield f"H{self._x(sample.at):.1f} V{top + PANEL * (1 - sample.value / most):.1f}"
        yield f"H{WIDTH - RIGHT}"

    # Ground, scales and words

    @property
    def _end(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def _x(self, at: datetime) -> float:
        return self._at((at - self._start).total_seconds())

    def _at(self, seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, seconds / self._seconds))

    def _ground(self, top: float, height: float, title: str) -> None:
        self._text(24, top - 8, title, "h")
        wide = WIDTH - LEFT - RIGHT
        self._add(f'<rect x="{LEFT}" y="{top}" width="{wide}" height="{height:.1f}" fill="{PAPER}" stroke="{LINE}"/>')
        for seconds in _ticks(self._seconds):
            x = self._at(seconds)
            self._add(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + height:.1f}" stroke="{LINE}"/>')

    def _scale(
        self,
        top: float,
        values: Iterable[float],
        place: Callable[[float], float],
        *,
        height: float = PANEL,
        unit: str = "",
    ) -> None:
        for value in values:
            y = top + height * place(value)
            self._add(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>')
            self._text(LEFT - 10, y + 4, f"{value:g}{unit}", "s f", anchor="end")

    def _clock(self, y: float) -> None:
        for seconds in _ticks(self._seconds):
            minutes, rest = divmod(int(seconds), 60)
            self._text(self._at(seconds), y + 18, f"{minutes}:{rest:02}", "s f", anchor="middle")

    def _key(self, top: float, words: Sequence[tuple[str, str]]) -> None:
        x = WIDTH - RIGHT - sum(30 + 6.8 * len(name) for name, _ in words)
        for name, colour in words:
            if colour == "×":
                self._add(f'<path d="M{x + 1:.1f} {top - 16}l7 7m0 -7l-7 7" stroke="{RED}" stroke-width="1.4"/>')
            else:
                self._add(f'<circle cx="{x + 5:.1f}" cy="{top - 12}" r="4" fill="{colour}"/>')
            self._text(x + 14, top - 8, name, "s")
            x += 30 + 6.8 * len(name)

    def _text(self, x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> None:
        self._add(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def _add(self, shape: str) -> None:
        self._shapes.append(shape)


def _extent(past: Past) -> tuple[datetime, float]:
    """When it began, and how many seconds it lasted."""
    times = [each.asked for each in past.operations] + [each.began for each in past.faults]
    ends = [each.answered for each in past.operations if each.answered]
    ends += [end for each in past.faults if (end := each.recovered or each.ended)]
    if not times:
        raise ValueError("nothing happened that could be drawn")
    start = min(times)
    return start, max(1.0, (max([*times, *ends]) - start).total_seconds())


def _ticks(seconds: float) -> Iterator[float]:
    every = next((each for each in (1, 5, 10, 30, 60, 120, 300, 600) if seconds / each <= 14), 1800)
    at = 0.0
    while at <= seconds:
        yield at
        at += every


def _rank(name: str) -> tuple[int, str]:
    """Servers first, then our own processes by service."""
    group = next((at for at, part in enumerate(_GROUPS) if name.startswith(part)), len(_GROUPS))
    return group, name


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value) if value > 0 else 1.0


def _took(operation: Operation) -> float:
    return operation.took.total_seconds() if operation.took else 0.0
