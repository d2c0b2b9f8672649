"""Assignment by flow: enough experts, none who is barred, even loads, expertise first."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.review.adapters.min_cost_flow import assign
from services.review.domain.assignment import Assigned, Expert, Judged, Shortage, barred, folded, shortages

PROVINCES = ("110000", "320000", "510000", "650000")
CATEGORIES = ("region", "school", "studio")
UNITS = ("甲大学", "乙学院", "丙中学", "丁电教馆")


def a_judged(number: int = 1, **fields: object) -> Judged:
    """A case of 江苏 like many."""
    known: dict[str, object] = {
        "case_id": f"case-{number}",
        "number": f"32-{number:04d}",
        "category": "region",
        "province": "320000",
        "units": frozenset({folded("丙中学")}),
        "persons": frozenset({f"author-{number}"}),
    }
    return Judged(**{**known, **fields})  # type: ignore[arg-type]  # a table of fields


def an_expert(number: int = 1, **fields: object) -> Expert:
    """An expert of 北京 like many."""
    known: dict[str, object] = {
        "expert_id": f"expert-{number}",
        "province": "110000",
        "unit": "甲大学",
        "person": f"person-{number}",
    }
    return Expert(**{**known, **fields})  # type: ignore[arg-type]  # a table of fields


cases = st.lists(
    st.builds(
        lambda province, category, unit, person: (province, category, unit, person),
        st.sampled_from(PROVINCES),
        st.sampled_from(CATEGORIES),
        st.sampled_from(UNITS),
        st.integers(0, 9),
    ),
    max_size=25,
).map(
    lambda rows: [
        a_judged(
            number,
            province=province,
            category=category,
            units=frozenset({folded(unit)}),
            persons=frozenset({f"person-{person}"}),
        )
        for number, (province, category, unit, person) in enumerate(rows)
    ]
)
experts = st.lists(
    st.tuples(
        st.sampled_from(PROVINCES),
        st.sampled_from(UNITS),
        st.frozensets(st.sampled_from(CATEGORIES)),
        st.frozensets(st.sampled_from(UNITS), max_size=1),
        st.integers(0, 3),
    ),
    max_size=12,
).map(
    lambda rows: [
        an_expert(
            number,
            province=province,
            unit=unit,
            categories=categories,
            avoid_units=frozenset(map(folded, avoid)),
            load=load,
        )
        for number, (province, unit, categories, avoid, load) in enumerate(rows)
    ]
)


@settings(max_examples=120, deadline=None)
@given(cases, experts, st.integers(1, 4))
def test_nobody_scores_what_they_are_barred_from(some: list[Judged], people: list[Expert], k: int) -> None:
    by_id = {expert.expert_id: expert for expert in people}
    given_out = {one.case_id: one.expert_ids for one in assign(some, people, k)}
    short = {one.case_id for one in shortages(some, people, k)}
    for case in some:
        got = given_out.get(case.case_id, ())
        assert len(set(got)) == len(got) <= k
        assert [barred(case, by_id[expert_id]) for expert_id in got] == [None] * len(got)
        assert (len(got) == k) == (case.case_id not in short)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(3, 10), st.integers(1, 3))
def test_loads_differ_by_one_at_most_where_nothing_bars(count: int, people: int, k: int) -> None:
    some = [a_judged(number) for number in range(count)]
    team = [an_expert(number, province=str(number)) for number in range(people)]
    loads = Counter(expert_id for one in assign(some, team, k) for expert_id in one.expert_ids)
    assert sum(loads.values()) == count * k
    assert max(loads.values()) - min(loads[expert.expert_id] for expert in team) <= 1


def test_earlier_loads_count() -> None:
    team = [an_expert(1, load=5), an_expert(2, province="650000", load=0)]
    loads = Counter(
        expert_id for one in assign([a_judged(n) for n in range(5)], team, 1) for expert_id in one.expert_ids
    )
    assert loads == {"expert-2": 5}


def test_expertise_goes_before_even_loads() -> None:
    team = [an_expert(1, categories=frozenset({"region"})), an_expert(2, categories=frozenset({"studio"}))]
    assert assign([a_judged(1), a_judged(2)], team, 1) == [
        Assigned(case_id="case-1", expert_ids=("expert-1",)),
        Assigned(case_id="case-2", expert_ids=("expert-1",)),
    ]


def test_provinces_are_mixed() -> None:
    team = [an_expert(1), an_expert(2), an_expert(3, province="510000", load=1)]
    (one,) = assign([a_judged(1)], team, 2)
    assert "expert-3" in one.expert_ids


def test_experts_a_case_has_stay_and_count() -> None:
    team = [an_expert(1), an_expert(2, province="510000")]
    assert assign([a_judged(1, have=("expert-1",))], team, 2) == [Assigned(case_id="case-1", expert_ids=("expert-2",))]


def test_a_shortage_says_why() -> None:
    team = [
        an_expert(1),
        an_expert(2, province="320000"),
        an_expert(3, unit=" 丙中学 "),
        an_expert(4, person="author-1"),
        an_expert(5, avoid_units=frozenset({folded("丙中学")})),
    ]
    assert shortages([a_judged(1)], team, 2) == [
        Shortage(
            case_id="case-1",
            number="32-0001",
            reason="需要2位专家，可分配1位（同省1人、同单位1人、本人为作者1人、已申报回避1人）",
        )
    ]


def test_nobody_to_ask() -> None:
    assert assign([a_judged(1)], [], 3) == []
    assert assign([], [an_expert(1)], 3) == []
