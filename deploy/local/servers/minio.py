"""MinIO, built from its source by Go once and kept in the cache."""

import secrets
from pathlib import Path

from deploy.local.fetching import fetched, run_client
from deploy.local.go import go
from deploy.local.places import Places
from deploy.local.servers import Choose, Program
from deploy.local.web import answers

VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
REGION = "cn-north-1"


class MinIO:
    name = "minio"
    external = "ZHENGJI_S3_ENDPOINT"
    passed_on: tuple[str, ...] = (
        "ZHENGJI_S3_PUBLIC_ENDPOINT", "ZHENGJI_S3_ACCESS_KEY", "ZHENGJI_S3_SECRET_KEY", "ZHENGJI_S3_REGION",
    )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def install(self, places: Places) -> None:
        """Build the server: some minutes with all cores, once; Go checks the source against its checksum database."""

        def build(part: Path) -> None:
            run_client(
                "Building MinIO (some minutes, once)",
                (go(places), "install", f"github.com/minio/minio@{VERSION}"),
                log=places.log_of("install-minio"),
                env={"GOBIN": str(part), "CGO_ENABLED": "0"},
            )

        fetched(_binary(places).parent, build)

    def programs(self, places: Places, choose: Choose) -> list[Program]:
        port = choose(self.name, 9000)
        data = places.data(self.name)
        data.mkdir(parents=True, exist_ok=True)
        secret = _secret(places)
        endpoint = f"http://127.0.0.1:{port}"
        program = Program(
            name=self.name,
            command=(_binary(places), "server", data, "--address", f"127.0.0.1:{port}", "--quiet"),
            ready=lambda: answers(port, "/minio/health/ready") == 200,
            env={
                "MINIO_ROOT_USER": "zhengji", "MINIO_ROOT_PASSWORD": secret, "MINIO_SITE_REGION": REGION,
                "MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "MINIO_CALLHOME_ENABLE": "off",
            },
            settings={
                self.external: endpoint,
                "ZHENGJI_S3_PUBLIC_ENDPOINT": endpoint,
                "ZHENGJI_S3_ACCESS_KEY": "zhengji",
                "ZHENGJI_S3_SECRET_KEY": secret,
                "ZHENGJI_S3_REGION": REGION,
            },
        )  # fmt: skip
        return [program]


def _binary(places: Places) -> Path:
    return places.cache / f"minio-{VERSION}" / "minio"


def _secret(places: Places) -> str:
    file = places.keys / "s3_secret"
    if not file.exists():
        file.write_text(secrets.token_urlsafe(24))
        file.chmod(0o600)
    return file.read_text()
