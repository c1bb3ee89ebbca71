"""Settings from the environment: names, nesting, defaults, secrets and refusals."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from config.settings import ROOT, LogFormat, Settings

Environment = pytest.MonkeyPatch
ROW = re.compile(r"^\| `(SWITCHBOARD_[A-Z_0-9]+)` \| (.+?) \|", re.MULTILINE)


@pytest.fixture(autouse=True)
def environment(monkeypatch: Environment) -> Environment:
    """An environment without a setting of ours."""
    for name in [name for name in os.environ if name.startswith("SWITCHBOARD_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def test_without_any_setting_everything_lies_in_the_checkout() -> None:
    settings = Settings()
    assert settings.database_url is None
    assert (settings.config_dir, settings.var_dir) == (ROOT / "config", ROOT / "var")
    assert (settings.models_dir, settings.blobs_dir) == (ROOT / "var" / "models", ROOT / "var" / "blobs")
    assert settings.log.format is LogFormat.AUTO


def test_names_with_two_underscores_reach_inside(environment: Environment) -> None:
    environment.setenv("SWITCHBOARD_LOG__FORMAT", "json")
    environment.setenv("SWITCHBOARD_SMTP__HOST", "mail.example")
    environment.setenv("SWITCHBOARD_TURN__INLINE_LIMIT", "9")
    environment.setenv("switchboard_var_dir", "/srv/var")
    settings = Settings()
    assert (settings.log.format, settings.smtp.host) == (LogFormat.JSON, "mail.example")
    assert (settings.turn.inline_limit, settings.turn.lease_s) == (9, 8.0)
    assert settings.models_dir == Path("/srv/var/models")


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("SWITCHBOARD_PORT", "0", ("port",)),
        ("SWITCHBOARD_PORT", "65536", ("port",)),
        ("SWITCHBOARD_PUBLIC_URL", "chat.oslo.example", ("public_url",)),
        ("SWITCHBOARD_LOG__FORMAT", "xml", ("log", "format")),
        ("SWITCHBOARD_SMTP__PORT", "smtp", ("smtp", "port")),
        ("SWITCHBOARD_SMTP__STARTTLS", "perhaps", ("smtp", "starttls")),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    environment: Environment, name: str, value: str, place: tuple[str, ...]
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert caught.value.errors()[0]["loc"] == place


def test_secrets_are_not_shown(environment: Environment) -> None:
    environment.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://switchboard:hunter2@db/switchboard")
    environment.setenv("SWITCHBOARD_SECRET_KEY", "hunter2")
    environment.setenv("SWITCHBOARD_SMTP__PASSWORD", "hunter2")
    environment.setenv("SWITCHBOARD_METRICS_TOKEN", "hunter2")
    settings = Settings()
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("public_url", "base_url", "secure"),
    [
        (None, "http://127.0.0.1:8080", False),
        ("http://chat.oslo.example", "http://chat.oslo.example", False),
        ("https://chat.oslo.example/", "https://chat.oslo.example", True),
        ("https://oslo.example/chat/", "https://oslo.example/chat", True),
    ],
)
def test_links_use_the_public_address_and_https_alone_makes_cookies_secure(
    environment: Environment,
    public_url: str | None,
    base_url: str,
    secure: bool,  # noqa: FBT001 - a parameter
) -> None:
    if public_url is not None:
        environment.setenv("SWITCHBOARD_PUBLIC_URL", public_url)
    settings = Settings()
    assert (settings.base_url, settings.secure_cookies) == (base_url, secure)


def defaults(model: type[BaseModel], prefix: str = "SWITCHBOARD_") -> Iterator[tuple[str, str]]:
    """Every variable, with its default as the operations page writes it."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from defaults(kind, f"{prefix}{name.upper()}__")
        else:
            value = field.default
            shown = value.relative_to(ROOT) if isinstance(value, Path) else value
            yield prefix + name.upper(), "–" if value is None else f"`{shown}`"


def test_every_setting_stands_in_the_operations_page_with_its_default() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert dict(ROW.findall(page)) == dict(defaults(Settings))
