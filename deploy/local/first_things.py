"""What must be done once before our programs start: topics, indexes, the bucket, the certificate authority."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deploy.local.fetching import run_client
from deploy.local.places import Places
from deploy.local.table import SERVICES


@dataclass(frozen=True)
class _Step:
    what: str
    module: tuple[str, ...]
    service: str


def do_first_things(places: Places, environment_of: Callable[[str], Mapping[str, str]]) -> None:
    """Run every service's `migrate` role and create the topics, side by side; all of it is safe to repeat."""
    topics = _Step("Making the topics", ("zhengji", "topics", "create", "--var", str(places.var)), "intake")
    steps = [topics, *(_Step(f"Preparing {name}", (f"services.{name}", "migrate"), name) for name in SERVICES)]

    def do(step: _Step) -> None:
        log = places.log_of(step.what.lower().replace(" ", "-"))
        command = [str(places.python), "-m", *step.module]
        run_client(step.what, command, log=log, env=environment_of(step.service), cwd=places.root)

    with ThreadPoolExecutor(max_workers=3) as pool:
        for done in [pool.submit(do, step) for step in steps]:
            done.result()
