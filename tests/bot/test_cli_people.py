from click.testing import CliRunner
from sqlalchemy import create_engine, text

from bot.cli import main


def test_a_locked_out_administrator_is_let_in_by_password(database_url: str) -> None:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(
            "insert into app_user (email, name, role, created_at) values ('ada@oslo.example', 'Ada', 'admin', now())"
        ))  # fmt: skip
        connection.execute(text(
            "insert into second_factor (user_id, secret, created_at, confirmed_at) select id, 'x', now(), now()"
            " from app_user"
        ))  # fmt: skip
    environment = {"SWITCHBOARD_DATABASE_URL": database_url}
    unknown = CliRunner().invoke(main, ["people", "reset-second-factor", "eve@oslo.example"], env=environment)
    done = CliRunner().invoke(main, ["people", "reset-second-factor", "ada@oslo.example"], env=environment)
    assert (unknown.exit_code, done.exit_code) == (1, 0)
    assert "logs in by password" in done.output
    with engine.begin() as connection:
        assert connection.execute(text("select count(*) from second_factor")).scalar() == 0
        told = connection.execute(text("select action, actor, detail from audit_entry")).one()
    engine.dispose()
    assert (told.action, told.detail) == ("person_changed", {"how": "second_factor_reset"})
