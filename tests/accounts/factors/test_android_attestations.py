"""webauthn without its part for Android's attestations, which loads with the first of them."""

import subprocess
import sys

CODE = """
import asyncio, json, sys
import cbor2
from quart_auth_app import third_party
from quart_auth_app.accounts.factors import passkey_options, passkeys
from quart_auth_app.testing import VirtualPasskey

def loaded():
    return "pyasn1" in sys.modules

def sent(format, statement):
    # What a browser answers with such an attestation.
    site = passkeys.Site(host="localhost", origin="http://localhost", name="Shop")
    asked = passkey_options.creation_options(
        site, challenge=b"c" * 32, handle=b"h" * 64, email="b@c.d", name="B", known=[]
    )
    content = json.loads(VirtualPasskey(site.origin).create(asked))
    attestation = cbor2.loads(passkeys.decoded(content["response"]["attestationObject"]))
    attestation |= {"fmt": format, "attStmt": statement}
    content["response"]["attestationObject"] = passkeys.encoded(cbor2.dumps(attestation))
    try:
        passkeys.register(site, passkeys.read(json.dumps(content)))
    except passkeys.NotValid as error:
        return str(error)
"""


def lines(code: str) -> list[str]:
    """Return what a Python prints that has loaded nothing before."""
    run = subprocess.run([sys.executable, "-c", CODE + code], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def test_a_passkey_without_attestation_does_without_pyasn1() -> None:
    assert lines("asyncio.run(passkeys.load()); print(sent('none', {}), loaded())") == ["None False"]


def test_an_attestation_of_androids_is_verified_as_ever() -> None:
    """Twice, as the first one loads what verifies it."""
    print_one = "print(sent('android-key', {'alg': -7, 'sig': b's', 'x5c': [b'no certificate']}));"
    first, second, is_loaded = lines(f"asyncio.run(passkeys.load()); {print_one} {print_one} print(loaded())")
    assert "Could not parse x5c root certificate" in first
    assert (second, is_loaded) == (first, "True")


def test_another_version_of_webauthn_loads_all_at_once() -> None:
    code = "third_party.version = lambda _: '99'; asyncio.run(passkeys.load()); print(sent('none', {}), loaded())"
    assert lines(code) == ["None True"]
