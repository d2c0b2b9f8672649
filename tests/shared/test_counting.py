"""字数 is counted as the vectors say, on the server and in the page alike (V2, V3)."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared import counting
from shared.counting import Count, count, words

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/wire/counting_vectors.json").read_text(encoding="utf-8"))
IN_THE_PAGE = """
import { readFileSync } from "node:fs";
import { count } from "COUNTING";
const texts = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(texts.map((text) => { const { low, high } = count(text); return [low, high]; })));
"""


def counted_in_the_page(texts: list[str]) -> list[Count]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, so the page's counter cannot run")
    script = IN_THE_PAGE.replace("COUNTING", (ROOT / "shared/web/static/js/counting.js").as_uri())
    ran = subprocess.run(
        [node, "--input-type=module", "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    return [Count(*pair) for pair in json.loads(ran.stdout)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_each_vector_is_counted_as_it_says(vector: dict[str, Any]) -> None:
    assert count(vector["text"]) == Count(vector["low"], vector["high"])


def test_there_are_at_least_forty_vectors() -> None:
    assert len(VECTORS) >= 40


def test_the_page_counts_every_vector_alike() -> None:
    assert counted_in_the_page([v["text"] for v in VECTORS]) == [Count(v["low"], v["high"]) for v in VECTORS]


def test_the_page_counts_any_text_alike() -> None:
    chance = random.Random(20241015)
    blocks = [(0, 0x250), (0x300, 0x370), (0x1F00, 0x2BFF), (0x2E00, 0x33FF), (0x4E00, 0x4E40), (0xD700, 0xD7FF)]
    blocks += ((0xE000, 0xE010), (0xF8F0, 0xFB00), (0xFE00, 0xFFFF), (0x1B000, 0x1B200), (0x1F1F0, 0x1F310))
    blocks += ((0x1FFF0, 0x20010), (0x3FFF0, 0x40010), (0xE0000, 0xE1010), (0xF0000, 0xF0010))
    texts = ["".join(chr(chance.randint(*chance.choice(blocks))) for _ in range(60)) for _ in range(2000)]
    assert counted_in_the_page(texts) == [count(text) for text in texts]


def test_the_page_draws_every_border_between_characters_at_the_same_place() -> None:
    borders = {n + step for pair in counting.ALL_RANGES for n in pair for step in (-1, 0, 1)}
    near = [chr(n) for n in sorted(borders) if 0 <= n <= 0x10FFFF and not 0xD800 <= n <= 0xDFFF]
    texts = [f"{one}{mark}{one}" for mark in near for one in "A研"]
    assert counted_in_the_page(texts) == [count(text) for text in texts]


def test_limits_are_decided_on_the_low_count() -> None:
    assert words("“AI”") == 1


def test_the_low_count_is_never_above_the_high_one() -> None:
    chance = random.Random(7)
    for _ in range(500):
        text = "".join(chance.choice("研AI1 “”…—·①、\n") for _ in range(40))
        low, high = count(text)
        assert low <= high


def test_three_thousand_and_one_is_told_from_three_thousand() -> None:
    assert [words("研" * n) for n in (3000, 3001)] == [3000, 3001]


def test_counting_a_long_text_stays_linear() -> None:
    assert count("研A" * 500_000) == Count(1_000_000, 1_000_000)
