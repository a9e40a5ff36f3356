"""The one Settings object: read once at the edge; rooms get values, never this object."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError


class Settings(BaseSettings):
    """Every setting comes from the environment as `TECHMARKET_…`, from the file that `TECHMARKET_…_FILE` names, or from
    a file of the same name in `TECHMARKET_SECRETS_DIR`, in this order.
    With no database URL the embedded server under `state_dir` is used."""

    model_config = SettingsConfigDict(env_prefix="TECHMARKET_", extra="ignore")

    database_url: SecretStr | None = None
    owner_url: SecretStr | None = None
    read_url: SecretStr | None = None
    read_behind_seconds: float = Field(default=2.0, gt=0)
    failover_primary: SecretStr | None = None
    failover_standby: SecretStr | None = None
    state_dir: Path = Path(".techmarket")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65_535)
    sandbox: bool | None = None
    object_store: str | None = None
    log_key: SecretStr | None = None
    issuer_key: SecretStr | None = None
    receipts_key: SecretStr | None = None
    pepper: SecretStr | None = None
    former_pepper: SecretStr | None = None
    bank_secret: SecretStr | None = None
    paper_key: SecretStr | None = None
    paper_certificate: SecretStr | None = None
    pkcs11_module: str | None = None
    pkcs11_pin: SecretStr | None = None
    public_url: str = "http://127.0.0.1:8000"
    witnesses: str = ""
    sign_provider_url: str | None = None
    sign_provider_secret: SecretStr | None = None
    oidc_issuer: str | None = None
    oidc_audience: str = "techmarket"
    sign_in_providers: SecretStr | None = None
    pool_size: int = Field(default=16, ge=2)
    watchers_max: int = Field(default=12_000, ge=0)
    watchers_each_max: int = Field(default=200, ge=1)
    upload_bytes_max: int = Field(default=64 * 1024**2, ge=1)
    upload_seconds: float = Field(default=600.0, gt=0)
    room_documents_max: int = Field(default=2_000, ge=1)
    room_bytes_max: int = Field(default=8 * 1024**3, ge=1)
    embedder: str = "none"
    embedder_next: str = "none"
    embedder_token: SecretStr | None = None
    session_idle_seconds: int = Field(default=1_800, ge=60)
    session_seconds: int = Field(default=43_200, ge=60)
    reads_per_minute: int = Field(default=6_000, ge=0)
    writes_per_minute: int = Field(default=1_200, ge=0)
    bids_per_minute: int = Field(default=30_000, ge=0)
    open_per_minute: int = Field(default=3_000, ge=0)
    organisations_per_day: int = Field(default=100, ge=0)
    webhooks_inside: bool = False
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: str = Field(default="STARTTLS", pattern=r"^(STARTTLS|TLS|PLAIN)$")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str | None = Field(default=None, pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    webhook_deliveries_days: int = Field(default=90, ge=31)
    notifications_days: int = Field(default=180, ge=1)
    unread_notifications_days: int = Field(default=730, ge=1)
    ocid_prefix: str = Field(default="ocds-000000", pattern=r"^ocds-[a-z0-9]{6}$")
    traces_url: str | None = Field(default=None, pattern=r"^https?://[^\s@]+$")
    traces_share: float = Field(default=0.05, ge=0, le=1)
    log_json: bool = True
    jobs_in_process: bool = True
    worker_metrics_port: int | None = Field(default=None, ge=1, le=65_535)
    market_name: str = "Sample Technology Market / 示例技术交易市场"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, NamedFiles(settings_cls), file_secret_settings

    @property
    def is_embedded(self) -> bool:
        return self.database_url is None

    @property
    def is_sandbox(self) -> bool:
        """The embedded default is a sandbox; a given server is one only when told so."""
        return self.is_embedded if self.sandbox is None else self.sandbox


class NamedFiles(PydanticBaseSettingsSource):
    """Settings out of files: `TECHMARKET_PEPPER_FILE=/run/secrets/pepper` stands for `TECHMARKET_PEPPER`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"TECHMARKET_{field_name.upper()}"
        path = os.environ.get(f"{name}_FILE")
        if path is None:
            return None, field_name, False
        if name in os.environ:
            raise SettingsError(f"{name} and {name}_FILE are both given")
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SettingsError(f"{name}_FILE cannot be read: {why}") from None

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


@lru_cache
def get_settings() -> Settings:
    secrets_dir = os.environ.get("TECHMARKET_SECRETS_DIR")
    return Settings(_secrets_dir=secrets_dir)  # type: ignore[call-arg]
