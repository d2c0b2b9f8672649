"""What every process is told from outside: environment variables that begin with ZHENGJI_, or files of secrets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn, Self

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_SECRETS = Path("/run/secrets/zhengji")


class PublicKey(BaseModel):
    """A key that signs session tokens: ``key`` is base64 of the 32 raw Ed25519 bytes."""

    kid: str
    key: str


class ServiceSettings(BaseSettings):
    """The settings that all five services read."""

    model_config = SettingsConfigDict(
        env_prefix="ZHENGJI_", extra="ignore", secrets_dir=str(_SECRETS) if _SECRETS.is_dir() else None
    )

    mongo_uri: str
    mongo_prefix: str = "zhengji"
    kafka_servers: str
    kafka_delivery_timeout_ms: int = Field(3_600_000, ge=1000)
    s3_endpoint: str
    s3_public_endpoint: str
    s3_access_key: str
    s3_secret_key: str
    s3_region: str = "us-east-1"
    s3_bucket: str = "zhengji"
    public_url: str
    secret_key: str
    author_public_keys: list[PublicKey] = []
    staff_public_keys: list[PublicKey] = []
    trust_door: bool = True
    busy_after_ms: int = Field(250, ge=0)
    operator_name: str = "中央电化教育馆"
    filing_number: str = ""
    metrics_port: int = 0
    log_level: str = "INFO"

    @classmethod
    def read(cls) -> Self:
        """The settings in force; on a mistake every bad variable is named once and the process ends."""
        try:
            return cls()
        except ValidationError as error:
            _refuse(error)


def _refuse(error: ValidationError) -> NoReturn:
    lines = []
    for fault in error.errors():
        name = "_".join(str(part) for part in fault["loc"]).upper()
        lines.append(f"  ZHENGJI_{name}: {fault['msg']}")
    sys.exit("These settings are missing or wrong:\n" + "\n".join(lines))
