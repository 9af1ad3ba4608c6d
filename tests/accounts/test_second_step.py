"""The second step: setting it up, and codes that count once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from quart_auth_app.accounts.browsers import OPERATOR
from quart_auth_app.accounts.credentials import recovery_codes, second_step, second_step_set_up
from quart_auth_app.accounts.credentials.recovery_codes import NoSecondStep
from quart_auth_app.accounts.credentials.second_step import WrongCode
from quart_auth_app.accounts.credentials.second_step_set_up import NothingToConfirm, WrongClock
from quart_auth_app.accounts.factors import totp
from quart_auth_app.accounts.factors.seeds import Keys
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import Totp
from tests.people import BOB, EVE, Accounts

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BEFORE, LATER = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
KEYS = Keys("key-" * 10)


def code_at(seed: bytes, now: datetime) -> str:
    """Return what the app shows at that moment."""
    return totp.code(seed, totp.step_at(now))


async def set_up(database: Database, user_id: int) -> bytes:
    """Set an app up, and return its seed."""
    async with database.transaction() as db:
        await second_step_set_up.set_up(db, KEYS, user_id=user_id)
    async with database.reading() as db:
        seed = await second_step_set_up.seed_to_confirm(db, KEYS, user_id=user_id)
    assert seed
    return seed


async def confirmed(database: Database, user_id: int) -> tuple[bytes, list[str]]:
    """Turn the second step on. Returns the seed and the recovery codes."""
    seed = await set_up(database, user_id)
    async with database.transaction() as db:
        return seed, await second_step_set_up.confirm(
            db, KEYS, user_id=user_id, code=code_at(seed, NOW), browser=OPERATOR, now=NOW
        )


async def spend(database: Database, user_id: int, code: str, *, now: datetime = LATER, keys: Keys = KEYS) -> str | None:
    """Try a code."""
    async with database.transaction() as db:
        return await second_step.spend(db, keys, user_id=user_id, code=code, now=now)


@pytest.fixture
async def bob_id(accounts: Accounts) -> int:
    """Bob's number."""
    return (await accounts.sign_up(**BOB)).id


async def test_it_is_off_until_a_code_has_confirmed_the_app(database: Database, bob_id: int) -> None:
    seed = await set_up(database, bob_id)
    async with database.reading() as db:
        assert not (await second_step.state(db, user_id=bob_id)).is_on
    assert await spend(database, bob_id, code_at(seed, LATER)) is None
    async with database.transaction() as db:
        codes = await second_step_set_up.confirm(
            db, KEYS, user_id=bob_id, code=code_at(seed, NOW), browser=OPERATOR, now=NOW
        )
    async with database.reading() as db:
        assert await second_step.state(db, user_id=bob_id) == second_step.State(NOW, 10)
    assert len(codes) == 10


async def test_a_reload_and_a_typo_keep_the_same_seed(database: Database, bob_id: int) -> None:
    seed = await set_up(database, bob_id)
    with pytest.raises(WrongCode):
        async with database.transaction() as db:
            await second_step_set_up.confirm(db, KEYS, user_id=bob_id, code="000", browser=OPERATOR, now=NOW)
    assert await set_up(database, bob_id) == seed


async def test_a_clock_that_is_minutes_off_is_said_while_setting_up(database: Database, bob_id: int) -> None:
    seed = await set_up(database, bob_id)
    with pytest.raises(WrongClock):
        async with database.transaction() as db:
            await second_step_set_up.confirm(
                db, KEYS, user_id=bob_id, code=code_at(seed, LATER), browser=OPERATOR, now=NOW
            )


async def test_a_new_set_up_leaves_the_working_app_alone(database: Database, bob_id: int) -> None:
    old, _ = await confirmed(database, bob_id)
    new = await set_up(database, bob_id)
    assert new != old
    assert await spend(database, bob_id, code_at(old, LATER)) == second_step.TOTP
    assert await spend(database, bob_id, code_at(new, LATER)) is None


async def test_the_code_that_confirmed_the_app_does_not_log_in(database: Database, bob_id: int) -> None:
    seed, _ = await confirmed(database, bob_id)
    assert await spend(database, bob_id, code_at(seed, NOW), now=NOW) is None


async def test_a_code_counts_once_however_it_is_typed(database: Database, bob_id: int) -> None:
    seed, _ = await confirmed(database, bob_id)
    code = code_at(seed, LATER)
    assert await spend(database, bob_id, f"{code[:3]} {code[3:]}") == second_step.TOTP
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    for again in (code, f" {code}", wide):
        assert await spend(database, bob_id, again) is None


async def test_a_code_from_before_the_last_one_counts_no_more(database: Database, bob_id: int) -> None:
    seed, _ = await confirmed(database, bob_id)
    step = timedelta(seconds=totp.STEP)
    assert await spend(database, bob_id, code_at(seed, LATER + step)) == second_step.TOTP
    assert await spend(database, bob_id, code_at(seed, LATER)) is None


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_of_thirty_at_once_one_gets_in(database: Database, bob_id: int, kind: str) -> None:
    seed, codes = await confirmed(database, bob_id)
    code = code_at(seed, LATER) if kind == "app" else codes[0]
    spent = await asyncio.gather(*(spend(database, bob_id, code) for _ in range(30)))
    assert len([each for each in spent if each]) == 1


async def test_nobody_elses_code_counts(database: Database, accounts: Accounts, bob_id: int) -> None:
    eve_id = (await accounts.sign_up(**EVE)).id
    bobs, bobs_codes = await confirmed(database, bob_id)
    await confirmed(database, eve_id)
    assert await spend(database, eve_id, code_at(bobs, LATER)) is None
    assert await spend(database, eve_id, bobs_codes[0]) is None
    assert await spend(database, bob_id, bobs_codes[0]) == second_step.RECOVERY_CODE


async def test_two_people_whose_apps_show_the_same_code_both_get_in(
    database: Database, accounts: Accounts, bob_id: int
) -> None:
    eve_id = (await accounts.sign_up(**EVE)).id
    bobs, _ = await confirmed(database, bob_id)
    await confirmed(database, eve_id)
    async with database.transaction() as db:
        same = KEYS.encrypt(bobs, user_id=eve_id)
        await db.execute(update(Totp).where(Totp.user_id == eve_id).values(seed=same))
    for user_id in (bob_id, eve_id):
        assert await spend(database, user_id, code_at(bobs, LATER)) == second_step.TOTP


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_of_two_workers_one_takes_a_code(database: Database, bob_id: int, kind: str) -> None:
    seed, codes = await confirmed(database, bob_id)
    code = code_at(seed, LATER) if kind == "app" else codes[0]
    other = Database(database.url)
    spent = await asyncio.gather(*(spend(each, bob_id, code) for each in (database, other) * 5))
    await other.close()
    assert len([each for each in spent if each]) == 1


async def test_each_recovery_code_counts_once_and_new_ones_replace_all(database: Database, bob_id: int) -> None:
    _, codes = await confirmed(database, bob_id)
    assert await spend(database, bob_id, codes[0].lower()) == second_step.RECOVERY_CODE
    assert await spend(database, bob_id, codes[0]) is None
    async with database.transaction() as db:
        assert (await second_step.state(db, user_id=bob_id)).codes_left == 9
        new = await recovery_codes.renew(db, user_id=bob_id, browser=OPERATOR, now=NOW)
        assert (await second_step.state(db, user_id=bob_id)).codes_left == 10
    assert await spend(database, bob_id, codes[1]) is None
    assert await spend(database, bob_id, new[1]) == second_step.RECOVERY_CODE


async def test_after_a_new_key_the_old_seed_still_counts_and_is_encrypted_anew(database: Database, bob_id: int) -> None:
    seed, _ = await confirmed(database, bob_id)
    new = "new-" * 10
    both = Keys(new, ["key-" * 10])
    assert await spend(database, bob_id, code_at(seed, LATER), keys=both) == second_step.TOTP
    after = LATER + timedelta(minutes=5)
    assert await spend(database, bob_id, code_at(seed, after), now=after, keys=Keys(new)) == second_step.TOTP


async def test_without_its_key_a_seed_refuses_and_recovery_codes_still_count(database: Database, bob_id: int) -> None:
    seed, codes = await confirmed(database, bob_id)
    other = Keys("other-" * 10)
    assert await spend(database, bob_id, code_at(seed, LATER), keys=other) is None
    assert await spend(database, bob_id, codes[0], keys=other) == second_step.RECOVERY_CODE


async def test_a_set_up_that_no_key_opens_any_more_can_be_begun_anew(database: Database, bob_id: int) -> None:
    await set_up(database, bob_id)
    other = Keys("other-" * 10)
    async with database.transaction() as db:
        assert await second_step_set_up.seed_to_confirm(db, other, user_id=bob_id) is None
        await second_step_set_up.set_up(db, other, user_id=bob_id)
        assert await second_step_set_up.seed_to_confirm(db, other, user_id=bob_id)


async def test_turned_off_nothing_is_left(database: Database, bob_id: int) -> None:
    seed, codes = await confirmed(database, bob_id)
    async with database.transaction() as db:
        assert await second_step.turn_off(db, user_id=bob_id, browser=OPERATOR, now=NOW)
        assert not await second_step.turn_off(db, user_id=bob_id, browser=OPERATOR, now=NOW)
        assert await second_step.state(db, user_id=bob_id) == second_step.State(None, 0)
    assert await spend(database, bob_id, code_at(seed, LATER)) is None
    assert await spend(database, bob_id, codes[0]) is None
    with pytest.raises(NoSecondStep):
        async with database.transaction() as db:
            await recovery_codes.renew(db, user_id=bob_id, browser=OPERATOR, now=NOW)


async def test_confirmed_twice_at_once_there_is_one_set_of_codes(database: Database, bob_id: int) -> None:
    seed = await set_up(database, bob_id)

    async def confirm() -> list[str]:
        async with database.transaction() as db:
            return await second_step_set_up.confirm(
                db, KEYS, user_id=bob_id, code=code_at(seed, NOW), browser=OPERATOR, now=NOW
            )

    outcomes = await asyncio.gather(confirm(), confirm(), return_exceptions=True)
    [codes] = [each for each in outcomes if isinstance(each, list)]
    assert [type(each) for each in outcomes if not isinstance(each, list)] == [NothingToConfirm]
    assert await spend(database, bob_id, codes[3]) == second_step.RECOVERY_CODE


async def three_people(accounts: Accounts) -> list[int]:
    """Sign three people up. Returns their numbers."""
    people = [await accounts.sign_up(**{**BOB, "email": f"{name}@example.com"}) for name in ("ann", "bob", "cid")]
    return [person.id for person in people]


async def test_nobody_elses_second_step_gets_a_person_recovery_codes(database: Database, accounts: Accounts) -> None:
    ann, bob, cid = await three_people(accounts)
    for other in (ann, cid):
        await confirmed(database, other)
    with pytest.raises(NoSecondStep):
        async with database.transaction() as db:
            await recovery_codes.renew(db, user_id=bob, browser=OPERATOR, now=NOW)


async def test_what_a_person_turns_off_is_their_own_alone(database: Database, accounts: Accounts) -> None:
    ann, bob, cid = await three_people(accounts)
    codes = {person: (await confirmed(database, person))[1] for person in (ann, bob, cid)}
    async with database.transaction() as db:
        await second_step.turn_off_since(db, user_id=ann, since=BEFORE, browser=OPERATOR, now=LATER)
        await second_step.turn_off_since(db, user_id=bob, since=LATER, browser=OPERATOR, now=LATER)
        assert await second_step.turn_off(db, user_id=cid, browser=OPERATOR, now=LATER)
    assert await spend(database, bob, codes[bob][0]) == second_step.RECOVERY_CODE
    assert await spend(database, ann, codes[ann][0]) is None
    assert await spend(database, cid, codes[cid][0]) is None


async def test_recovery_codes_made_since_are_dropped_and_nobody_elses(database: Database, accounts: Accounts) -> None:
    ann, bob, cid = await three_people(accounts)
    codes = {}
    for person in (ann, bob, cid):
        await confirmed(database, person)
        async with database.transaction() as db:
            codes[person] = await recovery_codes.renew(db, user_id=person, browser=OPERATOR, now=LATER)
    async with database.transaction() as db:
        await second_step.turn_off_since(db, user_id=bob, since=LATER, browser=OPERATOR, now=LATER)
    assert await spend(database, bob, codes[bob][0]) is None
    for other in (ann, cid):
        assert await spend(database, other, codes[other][0]) == second_step.RECOVERY_CODE
