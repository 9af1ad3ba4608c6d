"""The statements that change counts of attempts, for `throttle`."""

from functools import cache
from typing import cast

from sqlalchemy import Integer, Table, bindparam, case, delete, literal, or_, select, true, union_all, update
from sqlalchemy.sql.dml import ReturningInsert

from quart_auth_app.database.upserts import INSERT
from quart_auth_app.models import Attempts

_attempts = cast(Table, Attempts.__table__)


@cache
def hit(dialect: str, number: int) -> ReturningInsert[str, int]:
    """Return the statement that counts one attempt by `number` counters; cached, as building takes longer than running.

    It is atomic: of any number of attempts at the same moment, only as many pass as the limits allow.
    """
    rows = range(number)
    # Not VALUES, which SQLAlchemy doesn't cache for several rows. SQLite needs the WHERE before ON CONFLICT.
    attempts = union_all(
        *(
            select(
                bindparam(f"key_{row}", type_=_attempts.c.key.type).label("key"),
                literal(1).label("count"),
                bindparam(f"ends_at_{row}", type_=_attempts.c.ends_at.type).label("ends_at"),
            )
            for row in rows
        )
    ).subquery()
    statement = INSERT[dialect](_attempts).from_select(["key", "count", "ends_at"], select(attempts).where(true()))
    # No window that has begun by now ends later than this. A later end is from a clock that was ahead: ignore it.
    too_far = bindparam("too_far", type_=_attempts.c.ends_at.type)
    over = or_(_attempts.c.ends_at <= bindparam("now"), _attempts.c.ends_at > too_far)
    limit = case(
        {bindparam(f"key_{row}"): bindparam(f"limit_{row}", type_=Integer()) for row in rows}, value=_attempts.c.key
    )
    return statement.on_conflict_do_update(
        index_elements=[_attempts.c.key],
        set_={
            "count": case((over, 1), else_=_attempts.c.count + 1),
            "ends_at": case((over, statement.excluded.ends_at), else_=_attempts.c.ends_at),
        },
        # Beyond the limit nothing is written, so a flood causes only reads.
        where=or_(over, _attempts.c.count < limit),
    ).returning(_attempts.c.key, _attempts.c.count)


_IS_CLEARED = _attempts.c.key == bindparam("cleared")
SETTLE = (
    update(_attempts)
    .where(_attempts.c.key.in_(bindparam("counters", expanding=True)), _attempts.c.count > 0)
    .values(
        count=case((_IS_CLEARED, 0), else_=_attempts.c.count - 1),
        ends_at=case((_IS_CLEARED, bindparam("now", type_=_attempts.c.ends_at.type)), else_=_attempts.c.ends_at),
    )
)
"""Refunds one attempt to each of `counters`, but clears `cleared`, which is one of them."""

REFUND = (
    update(_attempts)
    .where(_attempts.c.key == bindparam("counter"), _attempts.c.count > 0)
    .values(count=_attempts.c.count - 1)
)
"""Refunds one attempt to `counter`."""

CLEAR = delete(_attempts).where(_attempts.c.key == bindparam("counter"))
"""Deletes the count of `counter`."""
