"""A site that keeps more than accounts in the database: what it has of its own, and all of it at one moment."""

from typing import Any

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy import table as table_

from quart_auth_app.database.migrations import VERSION_TABLE
from quart_auth_app.models import Base

OURS = {*Base.metadata.tables, VERSION_TABLE, "sqlite_sequence"}
"""Tables that migrations may change. The columns that a site adds to them are its own all the same."""

OF_OTHERS = {"user": {"birthday", "place", "nick", "initial", "picture"}}
"""Columns that OWN adds to our tables."""

TUTORIAL = """CREATE TABLE "user" (
    id {key},
    email VARCHAR(100){collated},
    password VARCHAR(100),
    name VARCHAR(1000) CHECK (length(name) < 900),
    UNIQUE (email)
)"""

PEOPLE = (
    'INSERT INTO "user" (id, email, password, name) VALUES '
    "(1, 'bob@x.org', 'x', 'Bob'), (3, 'Eve@b\u00fccher.example', 'x', 'Eve'), (7, 'zoe@x.org', 'x', NULL)"
)

OWN = [
    'ALTER TABLE "user" ADD COLUMN birthday DATE',
    "ALTER TABLE \"user\" ADD COLUMN place VARCHAR(40) DEFAULT 'here, (or there)' NOT NULL",
    "ALTER TABLE \"user\" ADD COLUMN nick VARCHAR(40) COLLATE {collation} CHECK (nick <> 'NOT NULL')",
    'ALTER TABLE "user" ADD COLUMN picture {blob}',
    "UPDATE \"user\" SET birthday = '2001-02-03', nick = 'Bobby', picture = {bytes} WHERE id = 1",
    'CREATE TABLE cascading (id INTEGER PRIMARY KEY, body TEXT, user_id INT REFERENCES "user"(id) ON DELETE CASCADE)',
    'CREATE TABLE nulling (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES "user"(id) ON DELETE SET NULL)',
    'CREATE TABLE plain (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "user"(id))',
    'CREATE TABLE by_address (email VARCHAR(100) REFERENCES "user"(email) ON UPDATE CASCADE, amount NUMERIC(9, 2))',
    "CREATE TABLE noted (old_name TEXT, new_name TEXT)",
    "INSERT INTO cascading VALUES (1, 'a post', 1), (2, NULL, 7)",
    "INSERT INTO nulling VALUES (1, 3), (2, NULL)",
    "INSERT INTO plain VALUES (1, 1), (2, 3)",
    "INSERT INTO by_address VALUES ('bob@x.org', 12.50)",
    'CREATE INDEX by_birthday ON "user" (birthday, name)',
    'CREATE UNIQUE INDEX own_place ON "user" (place) WHERE birthday IS NOT NULL',
    'CREATE INDEX by_lower_name ON "user" (lower(name))',
    'CREATE VIEW born AS SELECT id, birthday, nick FROM "user" WHERE birthday IS NOT NULL',
    "CREATE VIEW writers AS SELECT born.id, cascading.body FROM born JOIN cascading ON cascading.user_id = born.id",
]

ONLY_SQLITE = [
    'ALTER TABLE "user" ADD COLUMN initial TEXT AS (substr(nick, 1, 1)) VIRTUAL',
    'CREATE TRIGGER "a note" AFTER UPDATE ON "user" BEGIN INSERT INTO noted VALUES (old.name, new.name); END',
    "CREATE TRIGGER of_view INSTEAD OF DELETE ON born BEGIN DELETE FROM plain WHERE user_id = old.id; END",
    'CREATE TRIGGER on_other AFTER DELETE ON plain BEGIN UPDATE "user" SET nick = NULL WHERE id = old.user_id; END',
]

ONLY_POSTGRESQL = [
    'ALTER TABLE "user" ADD COLUMN initial TEXT GENERATED ALWAYS AS (lower(nick)) STORED',
    """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO noted VALUES (old.name, new.name); RETURN new; END $$""",
    'CREATE TRIGGER "a note" AFTER UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION note()',
    'CREATE TRIGGER always AFTER UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION note()',
    'CREATE TRIGGER never AFTER UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION note()',
    'ALTER TABLE "user" ENABLE ALWAYS TRIGGER always',
    'ALTER TABLE "user" DISABLE TRIGGER never',
    'CREATE MATERIALIZED VIEW counted AS SELECT count(id) AS people FROM "user"',
    'CREATE INDEX by_lower_email ON "user" (lower(email)) WITH (fillfactor = 50)',
    "COMMENT ON INDEX by_lower_email IS 'for look-ups'",
    "ALTER INDEX by_lower_email ALTER COLUMN 1 SET STATISTICS 333",
    'ALTER TABLE "user" CLUSTER ON by_lower_email',
    'CREATE STATISTICS of_two (ndistinct) ON email, password FROM "user"',
    "ALTER STATISTICS of_two SET STATISTICS 77",
    'ALTER TABLE "user" ALTER COLUMN email SET STORAGE EXTERNAL',
    'ALTER TABLE "user" ALTER COLUMN email SET STATISTICS 500',
    'ALTER TABLE "user" ALTER COLUMN email SET (n_distinct = -0.5)',
    """ALTER TABLE "user" ALTER COLUMN email SET DEFAULT 'nobody'""",
    'ALTER TABLE "user" ALTER COLUMN password SET COMPRESSION pglz',
    """COMMENT ON COLUMN "user".email IS 'where to write'""",
    """COMMENT ON CONSTRAINT user_email_key ON "user" IS 'one each'""",
    'GRANT SELECT (email), UPDATE (password) ON "user" TO PUBLIC',
]

WORDS = {
    "sqlite": {
        "key": "INTEGER NOT NULL PRIMARY KEY",
        "collated": "",
        "collation": "NOCASE",
        "blob": "BLOB",
        "bytes": "x'00ff'",
    },
    "postgresql": {
        "key": "SERIAL PRIMARY KEY",
        "collated": ' COLLATE "C"',
        "collation": '"C"',
        "blob": "BYTEA",
        "bytes": r"'\x00ff'",
    },
}


def make_tutorials(connection: Connection) -> None:
    """Make the tutorial's table in an empty database, with people."""
    _carry_out(connection, [TUTORIAL, PEOPLE])


def add_own(connection: Connection) -> None:
    """Add all that a site may have of its own."""
    own = ONLY_SQLITE if connection.dialect.name == "sqlite" else ONLY_POSTGRESQL
    _carry_out(connection, OWN)
    for statement in own:
        connection.exec_driver_sql(statement)


def _carry_out(connection: Connection, statements: list[str]) -> None:
    for statement in statements:
        words = WORDS[connection.dialect.name]
        connection.exec_driver_sql(statement.format(**words))


def everything(connection: Connection) -> dict[object, Any]:
    """Return what no migration may change: the site's schema, and the rows of all columns that are there."""
    definitions = _sqlite_schema if connection.dialect.name == "sqlite" else _postgresql_schema
    return definitions(connection) | _rows(connection)


def lost(before: dict[object, Any], after: dict[object, Any]) -> dict[object, Any]:
    """Return what was there before and is now missing or different; what was added doesn't matter."""
    changed = {}
    for key, value in before.items():
        now = after.get(key)
        if isinstance(value, dict) and isinstance(now, dict):  # a row: by column
            now = {name: now.get(name, "missing") for name in value}
        if now != value:
            changed[key] = (value, now)
    return changed


def _rows(connection: Connection) -> dict[object, Any]:
    found: dict[object, Any] = {}
    for table in set(inspect(connection).get_table_names()) - {VERSION_TABLE, "sqlite_sequence"}:
        rows = connection.execute(select("*").select_from(table_(table))).mappings()
        for number, row in enumerate(sorted(rows, key=lambda row: str(row.get("id", list(row.values()))))):
            # Migrations write keys and empty names; other tests check those.
            found["row", table, number] = {
                name: value
                for name, value in row.items()
                if name != "email_key" and not (table == "user" and name == "name" and not value)
            }
        found["rows", table] = sum(1 for key in found if isinstance(key, tuple) and key[:2] == ("row", table))
    for view in inspect(connection).get_view_names():
        found["view's rows", view] = connection.execute(select("*").select_from(table_(view))).all()
    return found


def _sqlite_schema(connection: Connection) -> dict[object, Any]:
    found: dict[object, Any] = {}
    for kind, name, sql in connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema WHERE sql NOT NULL"):
        if not (kind == "table" and name in OURS):
            found[kind, name] = sql
    for table, columns in OF_OTHERS.items():
        for row in connection.exec_driver_sql(f'PRAGMA table_xinfo("{table}")'):
            if row[1] in columns:
                found["column", table, row[1]] = tuple(row[2:])
    sql = connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = 'user'").scalar() or ""
    clauses = ("CHECK (length(name) < 900)", "COLLATE NOCASE CHECK (nick <> 'NOT NULL')", "AS (substr(nick, 1, 1))",
               "VARCHAR(40) DEFAULT 'here, (or there)' NOT NULL", "UNIQUE (email)")  # fmt: skip
    return found | {("clause", clause): sql.count(clause) for clause in clauses}


_POSTGRESQL = {
    "column": """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated::text,
        a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT attisdropped AND c.relkind <> 'i'""",
    "constraint": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated,
        obj_description(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "setting": """SELECT c.relname, a.attname, a.attstorage::text, to_jsonb(a) ->> 'attcompression', a.attstattarget,
        a.attcollation::regcollation::text, a.attacl::text, col_description(c.oid, a.attnum),
        ARRAY(SELECT option FROM unnest(a.attoptions) AS option WHERE option LIKE 'n_distinct%'),
        pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT attisdropped""",
    "index": """SELECT i.indrelid::regclass::text, c.relname, pg_get_indexdef(c.oid), obj_description(c.oid),
        i.indisclustered, i.indisreplident, i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace""",
    "statistics": """SELECT stxrelid::regclass::text, stxname, pg_get_statisticsobjdef(oid),
        to_jsonb(s) ->> 'stxstattarget' FROM pg_statistic_ext s""",
    "table": """SELECT relkind::text, relname, relacl::text, reloptions, relrowsecurity, relreplident::text
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm')""",
    "trigger": """SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger
        WHERE NOT tgisinternal""",
    "view": "SELECT relname, relkind::text, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm')",
    "function": """SELECT proname, oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace""",
}


def _postgresql_schema(connection: Connection) -> dict[object, Any]:
    found: dict[object, Any] = {}
    for kind, query in _POSTGRESQL.items():
        for table, name, *definition in connection.execute(text(query)):
            if not (kind == "column" and table in OURS and name not in OF_OTHERS.get(table, ())):
                found[kind, table, name] = tuple(definition)
    return found
