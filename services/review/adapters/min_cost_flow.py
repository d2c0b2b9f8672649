"""Gives cases to experts by minimum-cost flow (OR-tools): as many as asked, evenly, by expertise, mixing provinces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from services.review.domain.assignment import Assigned, Expert, Judged, barred

# What one unit of each displeasure costs; one case more on a loaded expert costs its number in the pile.
OTHER_CATEGORY = 1000
SAME_PROVINCE_TWICE = 40


class _Arcs:
    """The network while it is drawn: parallel lists, as the solver takes them."""

    def __init__(self) -> None:
        self.tails: list[int] = []
        self.heads: list[int] = []
        self.capacities: list[int] = []
        self.costs: list[int] = []
        self.asked: dict[int, tuple[int, int]] = {}

    def add(self, tail: int, head: int, capacity: int, cost: int) -> int:
        self.tails.append(tail)
        self.heads.append(head)
        self.capacities.append(capacity)
        self.costs.append(cost)
        return len(self.tails) - 1


def assign(cases: Sequence[Judged], experts: Sequence[Expert], k: int) -> list[Assigned]:
    """The experts each case gets on top of those it has, up to k; never one who is barred from it.

    Nodes: source, cases, (case, province of expert), experts, sink. An expert's n-th case costs n, so that loads stay
    even; a second expert of one province on a case and an expert of another category cost more.
    """
    arcs = _Arcs()
    source, sink = 0, 1
    first_case, first_expert = 2, 2 + len(cases)
    free = first_expert + len(experts)
    wanted = 0
    for at, case in enumerate(cases):
        need = max(0, k - len(case.have))
        wanted += need
        arcs.add(source, first_case + at, need, 0)
        free = _draw_case(arcs, at, case, experts, first_case=first_case, first_expert=first_expert, free=free)
    _draw_loads(arcs, experts, wanted, first_expert=first_expert, sink=sink)
    if not wanted or not arcs.asked:
        return []
    flow = _solve(arcs, source=source, sink=sink, nodes=free, wanted=wanted)
    return _read(arcs, flow, cases, experts)


def _draw_case(
    arcs: _Arcs, at: int, case: Judged, experts: Sequence[Expert], *, first_case: int, first_expert: int, free: int
) -> int:
    by_province: dict[str, list[int]] = defaultdict(list)
    for number, expert in enumerate(experts):
        if expert.expert_id not in case.have and barred(case, expert) is None:
            by_province[expert.province].append(number)
    for numbers in by_province.values():
        between, free = free, free + 1
        arcs.add(first_case + at, between, 1, 0)
        if len(numbers) > 1:
            arcs.add(first_case + at, between, len(numbers) - 1, SAME_PROVINCE_TWICE)
        for number in numbers:
            fits = not experts[number].categories or case.category in experts[number].categories
            arc = arcs.add(between, first_expert + number, 1, 0 if fits else OTHER_CATEGORY)
            arcs.asked[arc] = (at, number)
    return free


def _draw_loads(arcs: _Arcs, experts: Sequence[Expert], wanted: int, *, first_expert: int, sink: int) -> None:
    if not experts:
        return
    total = wanted + sum(expert.load for expert in experts)
    even = -(-total // len(experts))
    for number, expert in enumerate(experts):
        for load in range(expert.load + 1, max(expert.load, even) + 3):
            arcs.add(first_expert + number, sink, 1, load)
        # Beyond an even share every further case costs more than anything but another category.
        arcs.add(first_expert + number, sink, wanted, max(expert.load, even) + 100)


def _solve(arcs: _Arcs, *, source: int, sink: int, nodes: int, wanted: int) -> list[int]:
    network = SimpleMinCostFlow()
    network.add_arcs_with_capacity_and_unit_cost(
        numpy.array(arcs.tails, dtype=numpy.int32),
        numpy.array(arcs.heads, dtype=numpy.int32),
        numpy.array(arcs.capacities, dtype=numpy.int64),
        numpy.array(arcs.costs, dtype=numpy.int64),
    )
    supplies = numpy.zeros(nodes, dtype=numpy.int64)
    supplies[source], supplies[sink] = wanted, -wanted
    network.set_nodes_supplies(numpy.arange(nodes, dtype=numpy.int32), supplies)
    status = network.solve_max_flow_with_min_cost()
    if status != network.OPTIMAL:
        raise RuntimeError(f"the flow solver ended with {status}")
    return [int(network.flow(arc)) for arc in arcs.asked]


def _read(arcs: _Arcs, flow: list[int], cases: Sequence[Judged], experts: Sequence[Expert]) -> list[Assigned]:
    given: dict[int, list[str]] = defaultdict(list)
    for (at, number), units in zip(arcs.asked.values(), flow, strict=True):
        if units:
            given[at].append(experts[number].expert_id)
    return [Assigned(case_id=cases[at].case_id, expert_ids=tuple(ids)) for at, ids in sorted(given.items())]
