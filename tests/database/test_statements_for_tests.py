"""What the tests' engines share: a statement is compiled once, but anew where another server has to understand it."""

from sqlalchemy import Engine, create_engine, literal, select
from sqlalchemy.dialects import sqlite


def _compiled(engine: Engine, label: str) -> object:
    with engine.connect() as connection:
        return connection.execute(select(literal(1).label(label))).context.compiled


def test_two_engines_compile_a_statement_once() -> None:
    one, other = create_engine("sqlite://"), create_engine("sqlite://")
    assert one.dialect is not other.dialect
    assert _compiled(one, "shared") is _compiled(other, "shared")
    one.dispose()
    other.dispose()


def test_what_another_version_of_a_server_understands_is_compiled_for_it() -> None:
    old, new = sqlite.dialect(), sqlite.dialect()
    assert old == new
    new.server_version_info = (99, 0)
    assert old != new
