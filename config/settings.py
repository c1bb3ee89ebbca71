"""Settings from the environment: `SWITCHBOARD_*`, nested names joined by two underscores."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class LogFormat(StrEnum):
    """`auto` is console on a terminal and JSON elsewhere."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogSettings(BaseModel):
    format: LogFormat = LogFormat.AUTO
    level: str = "INFO"


class SmtpSettings(BaseModel):
    """The submission server that carries codes and transcripts; without a host no mail is sent."""

    host: str | None = None
    port: int = 587
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = True
    sender: str = "noreply@localhost"
    timeout_s: float = 15.0


class ErpSettings(BaseModel):
    """How long a customer may be kept waiting for the ERP, and how old an answer may be."""

    deadline_s: float = 4.0
    order_ttl_s: float = 30.0
    customer_ttl_s: float = 300.0
    stale_ttl_s: float = 3600.0
    parallel_calls: int = 8
    pause_s: float = 30.0  # how long an ERP that failed five times in a row is left alone


class TurnSettings(BaseModel):
    """One turn of dialogue: how long it may take, and how many a serving process runs inline at once.

    `inline_rate`: messages within a second; from there on their turns would take the processor from the storing.
    """

    nlu_timeout_s: float = 2.0
    lease_s: float = 8.0
    inline_limit: int = 4
    inline_rate: Annotated[int, Field(ge=1)] = 10


class NluEngineName(StrEnum):
    """Which engine names intents; entities, language and signals are always ours."""

    NATIVE = "native"
    RASA = "rasa"


class NluSettings(BaseModel):
    """`encoder`: what turns sentences into vectors (docs/nlu.md). `parse_token` opens our own `POST /model/parse`."""

    engine: NluEngineName = NluEngineName.NATIVE
    encoder: str = "auto"
    encoder_url: HttpUrl | None = None
    encoder_key: SecretStr | None = None
    rasa_url: HttpUrl = HttpUrl("http://127.0.0.1:5005")
    rasa_token: SecretStr | None = None
    rasa_timeout_s: float = 1.0
    rasa_answer: Annotated[float, Field(ge=0, le=1)] = 0.7
    rasa_clarify: Annotated[float, Field(ge=0, le=1)] = 0.3
    rasa_ambiguity: Annotated[float, Field(ge=0, le=1)] = 0.1
    parse_token: SecretStr | None = None


class ChatLimitSettings(BaseModel):
    """Token buckets of the web chat: refill per second and burst, by visitor and by client address."""

    visitor_per_s: float = 5.0
    visitor_burst: int = 20
    source_per_s: float = 0.5
    source_burst: int = 30


class ApiSettings(BaseModel):
    """How often one key may call, by serving process: refill per second and burst."""

    per_s: Annotated[float, Field(gt=0)] = 10.0
    burst: Annotated[int, Field(ge=1)] = 60


class WebhookSettings(BaseModel):
    """Webhooks that we send. `allow_private` lets them go to neighbours on your own network, and over plain HTTP."""

    allow_private: bool = False
    timeout_s: Annotated[float, Field(gt=0, le=20)] = 10.0


class SessionSettings(BaseModel):
    """Log-in sessions of the desk (OWASP Session Management Cheat Sheet)."""

    idle_minutes: int = 240
    absolute_hours: int = 12


class OidcSettings(BaseModel):
    """Single sign-on by OpenID Connect (docs/security.md); without an issuer there is none.

    Somebody without an account gets one as `create_role`, in `create_teams`; without a role they are refused.
    """

    issuer: HttpUrl | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    name: str = "SSO"
    domains: list[str] = []
    create_role: Literal["agent", "lead", "supervisor"] | None = None
    create_teams: list[str] = []
    algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"] = "RS256"
    timeout_s: float = 8.0

    @model_validator(mode="after")
    def _is_whole(self) -> "OidcSettings":
        if self.issuer is None:
            return self
        if not self.client_id or self.client_secret is None:
            raise ValueError("single sign-on needs the client's id and secret beside the issuer")
        if self.issuer.scheme != "https" and self.issuer.host not in ("127.0.0.1", "localhost"):
            raise ValueError("the issuer's address must begin with https")
        return self


class Settings(BaseSettings):
    """Everything the machine decides; what the business decides lies in the files of `config_dir`."""

    model_config = SettingsConfigDict(env_prefix="SWITCHBOARD_", env_nested_delimiter="__", extra="forbid")

    database_url: SecretStr | None = None
    config_dir: Path = ROOT / "config"
    var_dir: Path = ROOT / "var"
    encoders_dir: Path = ROOT / "var" / "encoders"  # the same for every installation on a machine
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    public_url: HttpUrl | None = None
    secret_key: SecretStr | None = None
    pool_size: int = 10
    log: LogSettings = LogSettings()
    smtp: SmtpSettings = SmtpSettings()
    erp: ErpSettings = ErpSettings()
    turn: TurnSettings = TurnSettings()
    nlu: NluSettings = NluSettings()
    chat: ChatLimitSettings = ChatLimitSettings()
    session: SessionSettings = SessionSettings()
    api: ApiSettings = ApiSettings()
    webhooks: WebhookSettings = WebhookSettings()
    oidc: OidcSettings = OidcSettings()
    chromium: Path | None = None  # prints reports as PDF; without it, the one on the path
    metrics_token: SecretStr | None = None  # without one, /metrics answers only this machine

    @property
    def base_url(self) -> str:
        """The address customers and agents use, without a trailing slash."""
        if self.public_url is not None:
            return str(self.public_url).rstrip("/")
        return f"http://{self.host}:{self.port}"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    @staticmethod
    def secret_named(variable: str | None) -> bytes | None:
        """The value of the environment variable a business file names; None when it is unset or empty."""
        value = os.environ.get(variable, "") if variable else ""
        return value.encode() or None

    @property
    def models_dir(self) -> Path:
        return self.var_dir / "models"

    @property
    def blobs_dir(self) -> Path:
        return self.var_dir / "blobs"

    @property
    def warehouse_dir(self) -> Path:
        return self.var_dir / "warehouse"
