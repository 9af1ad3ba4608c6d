"""Columns of a PostgreSQL table that may be a site's: what depends on one, and a safe change of its type.

`ALTER COLUMN … TYPE` fails if certain objects depend on the column, and rebuilds the others. While rebuilding it
silently resets some options of theirs: https://www.postgresql.org/docs/current/sql-altertable.html
"""

from sqlalchemy import Connection, text

_MADE_OF = """
SELECT DISTINCT CASE
    WHEN d.classid IN ('pg_attrdef'::regclass, 'pg_class'::regclass) THEN 'the generated column ' || made.attname
    WHEN d.classid = 'pg_rewrite'::regclass AND r.ev_class <> d.refobjid THEN 'the view ' || r.ev_class::regclass
    ELSE 'the ' || pg_describe_object(d.classid, d.objid, d.objsubid)
END
FROM pg_depend d
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
LEFT JOIN pg_attribute made ON made.attrelid = d.refobjid AND made.attnum = coalesce(f.adnum, nullif(d.objsubid, 0))
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = CAST(:table AS regclass) AND a.attname = :column
AND (
    d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass,
        'pg_publication_rel'::regclass)
    OR (d.classid IN ('pg_attrdef'::regclass, 'pg_class'::regclass) AND made.attnum <> a.attnum)
)
UNION
SELECT DISTINCT 'the constraint ' || k.conname || ' on table ' || k.conrelid::regclass || ', whose triggers are off'
FROM pg_constraint k
JOIN pg_trigger t ON t.tgconstraint = k.oid AND t.tgenabled <> 'O'
JOIN pg_attribute a ON (a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey))
    OR (a.attrelid = k.confrelid AND a.attnum = ANY(k.confkey))
WHERE a.attrelid = CAST(:table AS regclass) AND a.attname = :column
ORDER BY 1
"""

# An option that this version of PostgreSQL doesn't have, or that is not set, is NULL or, until 16, -1.
_CHOSEN = """
SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', c.oid::regclass, a.attname, CASE a.attstorage
    WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
WHERE c.oid = CAST(:table AS regclass) AND a.attname = :column AND a.attstorage <> t.typstorage
UNION ALL
SELECT format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', a.attrelid::regclass, a.attname,
    CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' ELSE 'lz4' END)
FROM pg_attribute a
WHERE a.attrelid = CAST(:table AS regclass) AND a.attname = :column AND to_jsonb(a) ->> 'attcompression' IN ('p', 'l')
UNION ALL
SELECT format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', a.attrelid::regclass, a.attnum, a.attstattarget)
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid
WHERE i.indrelid = CAST(:table AS regclass) AND a.attstattarget >= 0
UNION ALL
SELECT format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, to_jsonb(s) ->> 'stxstattarget')
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE s.stxrelid = CAST(:table AS regclass) AND (to_jsonb(s) ->> 'stxstattarget')::int >= 0
"""

_COLLATION = """
SELECT format('%I.%I', n.nspname, c.collname)
FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE a.attrelid = CAST(:table AS regclass) AND a.attname = :column
"""


def made_of(connection: Connection, table: str, column: str) -> list[str]:
    """Return the objects that stop a change of the column's type, or that PostgreSQL would not rebuild as they were."""
    return [*connection.execute(text(_MADE_OF), _named(table, column)).scalars()]


def set_length(connection: Connection, table: str, column: str, length: int) -> None:
    """Make the column hold `length` characters. Collation, storage, compression and statistics stay as they are."""
    collation = connection.scalar(text(_COLLATION), _named(table, column))
    chosen = connection.execute(text(_CHOSEN), _named(table, column)).scalars().all()
    type_ = f"VARCHAR({length}) COLLATE {collation}"
    connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE {type_}')
    for statement in chosen:
        connection.exec_driver_sql(statement)


def _named(table: str, column: str) -> dict[str, str]:
    return {"table": f'"{table}"', "column": column}
