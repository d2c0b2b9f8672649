"""The keeper starts again what ended by itself, and ever less often what ends at once."""

from deploy.local.keeper import Keeper


class Ending:
    """A stack whose one program ends as soon as it is started."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.now = 0.0

    def ended(self) -> list[str]:
        return ["intake-worker"]

    def start_again(self, name: str) -> bool:
        self.starts.append(self.now)
        return True


def watch(stack: Ending, keeper: Keeper, *, until: int) -> list[float]:
    stack.starts.clear()
    while stack.now < until:
        stack.now += 0.5
        keeper.look(stack.now)
    return list(stack.starts)


def test_what_ends_at_once_again_and_again_is_started_ever_less_often() -> None:
    stack = Ending()

    starts = watch(stack, Keeper(stack), until=100)

    assert starts == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5]


def test_after_a_steady_time_it_is_started_at_once() -> None:
    stack = Ending()
    keeper = Keeper(stack)
    watch(stack, keeper, until=10)
    stack.now = 200

    assert watch(stack, keeper, until=202) == [200.5, 201.5]
