"""Rewrites the migration that Alembic generates for a site, so that it runs on SQLite and on PostgreSQL.

Columns of the site in our tables are added in place. Alembic's batch mode would rebuild the table in SQLite, and
`user` is the table that most others point to.
"""

import re
from collections.abc import Sequence
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy import Column, Enum

from quart_auth_app.database.migrations.errors import UnusableDatabase
from quart_auth_app.models import OURS

_FIRST_KEYWORD = re.compile(r", (?=(?:server_default|autoincrement|nullable)=)")


class AddColumn(ops.AddColumnOp):
    """Adds a column together with its foreign key."""

    points_to: ops.CreateForeignKeyOp | None = None


@renderers.dispatch_for(AddColumn)
def _render(context: AutogenContext, operation: AddColumn) -> str:
    plain = ops.AddColumnOp(operation.table_name, operation.column)
    text = str(renderers.dispatch(plain)(context, plain))
    if not operation.points_to:
        return text
    target, options = operation.points_to, operation.points_to.kw
    actions = "".join(f", {name}={options[name]!r}" for name in ("onupdate", "ondelete") if options.get(name))
    points_to = f"sa.ForeignKey({f'{target.referent_table}.{target.remote_cols[0]}'!r}{actions})"
    return _FIRST_KEYWORD.sub(f", {points_to}, ", text, count=1).removesuffix(")") + ", inline_references=True)"


class MakeEnum(ops.MigrateOperation):
    """Creates PostgreSQL's type of an enum. Alembic does that with a new table, but not with a new column."""

    def __init__(self, enum: Enum) -> None:
        self.enum = enum


@renderers.dispatch_for(MakeEnum)
def _render_enum(_context: AutogenContext, operation: MakeEnum) -> str:
    return f"sa.{operation.enum!r}.create(op.get_bind(), checkfirst=True)"


def prepare(script: ops.MigrationScript, *, dialect: str) -> None:
    """Change the operations that Alembic is about to write. Raises UnusableDatabase if SQLite can't do one."""
    for operations in (script.upgrade_ops, script.downgrade_ops):
        if operations:
            _name_constraints(operations)
            _leave_out_foreign_keys(operations, dialect)
    if script.upgrade_ops:
        _make_enums(script.upgrade_ops.ops)
        _add_in_place(script.upgrade_ops.ops)


def _leave_out_foreign_keys(operations: ops.OpContainer, dialect: str) -> None:
    """Don't drop a foreign key that goes with its column, nor one that only seems to have changed."""
    for batch in [each for each in operations.ops if isinstance(each, ops.ModifyTableOps)]:
        gone = {each.column_name for each in _all(batch, ops.DropColumnOp)}
        wanted = {each.constraint_name: each for each in _all(batch, ops.CreateForeignKeyOp)}
        for drop in _all(batch, ops.DropConstraintOp):
            key = drop.reverse()
            if isinstance(key, ops.CreateForeignKeyOp) and gone.issuperset(key.local_cols):
                batch.ops.remove(drop)
            # SQLAlchemy doesn't see the ON DELETE of a key that was added with its column in SQLite.
            elif dialect == "sqlite" and batch.table_name in OURS and drop.constraint_name in wanted:
                batch.ops = [each for each in batch.ops if each not in (drop, wanted[drop.constraint_name])]
        if not batch.ops:
            operations.ops.remove(batch)


def _make_enums(operations: list[Any]) -> None:
    for batch in [each for each in operations if isinstance(each, ops.ModifyTableOps)]:
        types = [each.column.type for each in _all(batch, ops.AddColumnOp)]
        at = operations.index(batch)
        operations[at:at] = [MakeEnum(each) for each in types if isinstance(each, Enum) and each.native_enum]


def _name_constraints(operations: ops.OpContainer) -> None:
    # The names that PostgreSQL would give. Without a name SQLite can't add the constraint, nor either database drop it.
    for each in operations.ops:
        if isinstance(each, ops.OpContainer):
            _name_constraints(each)
        elif isinstance(each, ops.CreateForeignKeyOp) and not each.constraint_name:
            each.constraint_name = "_".join([each.source_table, *each.local_cols, "fkey"])
        elif isinstance(each, ops.CreateUniqueConstraintOp) and not each.constraint_name:
            each.constraint_name = "_".join([each.table_name, *each.columns, "key"])
        elif isinstance(each, ops.DropConstraintOp) and not each.constraint_name:
            added: Any = each.reverse()
            _name_constraints(ops.OpContainer([added]))
            each.constraint_name = added.constraint_name


def _add_in_place(operations: list[Any]) -> None:
    for batch in [each for each in operations if isinstance(each, ops.ModifyTableOps) and each.table_name in OURS]:
        columns = {each.column.name: AddColumn(each.table_name, each.column) for each in _all(batch, ops.AddColumnOp)}
        _insist_on_values(batch.table_name, [each.column for each in columns.values()])
        for key in _all(batch, ops.CreateForeignKeyOp):
            if len(key.local_cols) == 1 and key.local_cols[0] in columns:
                columns[key.local_cols[0]].points_to = key
                batch.ops.remove(key)
        for unique in _all(batch, ops.CreateUniqueConstraintOp):
            names = " and ".join(f"{unique.table_name}.{name}" for name in unique.columns)
            raise UnusableDatabase(f"Nothing was written: SQLite can't add a constraint to {names}. Say index=True too")
        at, added = operations.index(batch), [*columns.values(), *_all(batch, ops.CreateIndexOp)]
        batch.ops = [each for each in batch.ops if not isinstance(each, ops.AddColumnOp | ops.CreateIndexOp)]
        operations[at : at + 1] = [*added, *([batch] if batch.ops else [])]


def _insist_on_values(table: str, columns: Sequence[Column[Any]]) -> None:
    # An empty table would take such a column, and then refuse each new row: ours name our columns only.
    for each in columns:
        if not each.nullable and each.server_default is None:
            raise UnusableDatabase(
                f"Nothing was written: {table}.{each.name} may not be empty and has no server_default. Give it one, or "
                "allow NULL; form_field(required=True) makes a field required all the same"
            )


def _all(batch: ops.ModifyTableOps, kind: type[Any]) -> list[Any]:
    return [each for each in batch.ops if isinstance(each, kind)]
