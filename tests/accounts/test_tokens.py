"""Tokens and codes: random, and such that no program that reads mail spoils them."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from quart_auth_app.accounts import mailed_codes, tokens
from quart_auth_app.accounts.errors import LinkInvalid, LinkUsed
from quart_auth_app.database.units_of_work import Database
from quart_auth_app.models import MailToken, User
from quart_auth_app.operations import pruning
from tests.people import BOB, Accounts, Clock


@pytest.mark.asvs("6.5.3")
def test_a_thousand_tokens_are_different_and_end_in_a_letter_or_digit() -> None:
    made = {tokens.new() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch("[a-z2-7]{52}", token) for token in made)


@pytest.mark.asvs("6.5.3", "6.5.4")
def test_codes_have_thirty_bits_and_no_letters_that_are_mistaken() -> None:
    codes = [mailed_codes.new() for _ in range(2000)]
    letters = set("".join(codes))
    assert len(letters) ** mailed_codes.LENGTH == 2**30
    assert letters.isdisjoint("IO01")
    assert len(set(codes)) > 1990
    assert mailed_codes.read(f" {codes[0][:3].lower()} - {codes[0][3:]}") == codes[0]
    assert mailed_codes.read("".join(chr(ord(each) + 0xFEE0) for each in codes[0])) == codes[0], "full width"


@pytest.mark.asvs("15.4.2")
async def test_of_many_who_consume_a_token_at_once_one_does(
    database: Database, accounts: Accounts, time: Clock
) -> None:
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        token = await tokens.issue_reset(db, user=user, now=time.now)

    async def consume() -> bool:
        try:
            async with database.transaction() as db:
                return (await tokens.consume(db, token=token, purpose=tokens.RESET, now=time.now)).number == user.id
        except LinkUsed:
            return False

    assert sum(await asyncio.gather(*(consume() for _ in range(20)))) == 1


@pytest.mark.asvs("14.2.7")
async def test_a_token_is_deleted_when_it_has_expired_and_not_before(
    database: Database, accounts: Accounts, time: Clock
) -> None:
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        await tokens.issue_reset(db, user=user, now=time.now)
    end = time.now + tokens.LIFETIMES[tokens.RESET]
    for now, left in ((end - timedelta(seconds=1), 1), (end, 0)):
        await pruning.prune(database, now=now)
        async with database.reading() as db:
            assert await db.scalar(select(func.count()).select_from(MailToken)) == left


async def test_a_token_is_good_for_its_purpose_and_until_its_end(
    database: Database, accounts: Accounts, time: Clock
) -> None:
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        token = await tokens.issue_reset(db, user=user, now=time.now)
    end = time.now + tokens.LIFETIMES[tokens.RESET]
    async with database.transaction() as db:
        for wrong in (token[:-1], token.upper(), f"{token}.", "", "a" * 52):
            with pytest.raises(LinkInvalid):
                await tokens.consume(db, token=wrong, purpose=tokens.RESET, now=time.now)
        with pytest.raises(LinkInvalid):
            await tokens.consume(db, token=token, purpose=tokens.CONFIRM, now=time.now)
        with pytest.raises(LinkInvalid):
            await tokens.consume(db, token=token, purpose=tokens.RESET, now=end)
        last = end - timedelta(seconds=1)
        assert (await tokens.consume(db, token=token, purpose=tokens.RESET, now=last)).number == user.id


async def test_links_to_another_spelling_of_the_address_are_void_after_the_change(
    database: Database, accounts: Accounts, time: Clock
) -> None:
    """Their keys are equal, but they may be two mailboxes."""
    user = await accounts.sign_up(**BOB)
    async with database.transaction() as db:
        reset = await tokens.issue_reset(db, user=user, now=time.now)
        _, log_in = await tokens.issue_log_in(db, user=user, now=time.now)
        await db.execute(update(User).values(email="\N{CIRCLED LATIN SMALL LETTER B}ob@example.com"))
        with pytest.raises(LinkInvalid):
            await tokens.consume(db, token=reset, purpose=tokens.RESET, now=time.now)
        with pytest.raises(LinkInvalid):
            await tokens.consume(db, token=log_in, purpose=tokens.LOG_IN, now=time.now)
