"""Seeds at rest."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from quart_auth_app.accounts.factors.seeds import Keys, Unreadable, fingerprint_of

OLD, NEW, OTHER = "old-" * 10, "new-" * 10, "other-" * 10
SEED = bytes(range(20))


@pytest.mark.asvs("11.3.1", "11.3.2")
def test_a_seed_is_encrypted_by_aes_256_gcm_with_a_key_made_for_nothing_else() -> None:
    stored = Keys(NEW).encrypt(SEED, user_id=7)
    key = HKDF(SHA256(), 32, salt=None, info=b"quart-auth-app totp").derive(NEW.encode())
    assert len(stored) == 8 + 12 + len(SEED) + 16
    assert AESGCM(key).decrypt(stored[8:20], stored[20:], b"user 7") == SEED


def test_a_seed_comes_back() -> None:
    keys = Keys(NEW)
    assert keys.decrypt(keys.encrypt(SEED, user_id=1), user_id=1) == (SEED, True)


def test_what_is_stored_does_not_show_the_seed_and_is_never_the_same() -> None:
    stored = [Keys(NEW).encrypt(SEED, user_id=1) for _ in range(50)]
    assert len(set(stored)) == 50
    assert not any(SEED in each for each in stored)


@pytest.mark.asvs("11.3.3")
def test_a_row_that_is_copied_to_another_user_is_unreadable() -> None:
    keys = Keys(NEW)
    with pytest.raises(Unreadable):
        keys.decrypt(keys.encrypt(SEED, user_id=1), user_id=2)


def test_an_earlier_key_still_opens_and_says_that_it_was_needed() -> None:
    stored = Keys(OLD).encrypt(SEED, user_id=1)
    assert Keys(NEW, [OTHER, OLD]).decrypt(stored, user_id=1) == (SEED, False)
    with pytest.raises(Unreadable):
        Keys(NEW, [OTHER]).decrypt(stored, user_id=1)


@pytest.mark.asvs("11.3.3")
@pytest.mark.parametrize("place", range(0, 56, 5))
def test_a_changed_byte_is_unreadable(place: int) -> None:
    keys = Keys(NEW)
    stored = bytearray(keys.encrypt(SEED, user_id=1))
    assert len(stored) == 56
    stored[place] ^= 1
    with pytest.raises(Unreadable):
        keys.decrypt(bytes(stored), user_id=1)


@pytest.mark.parametrize("length", [0, 7, 8, 12, 20, 30, 55])
def test_what_was_cut_off_is_unreadable(length: int) -> None:
    keys = Keys(NEW)
    with pytest.raises(Unreadable):
        keys.decrypt(keys.encrypt(SEED, user_id=1)[:length], user_id=1)


def test_the_fingerprint_tells_which_key_is_needed() -> None:
    needed = fingerprint_of(Keys(OLD).encrypt(SEED, user_id=1))
    assert Keys(NEW, [OLD]).knows(needed)
    assert not Keys(NEW, [OLD]).is_current(needed)
    assert Keys(OLD).is_current(needed)
    assert not Keys(NEW).knows(needed)
