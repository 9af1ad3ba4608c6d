"""Passkeys in Chromium, with an authenticator that its developer tools simulate."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.steps import BROWSER_TEST, fill_in, heading, visit
from tests.people import BOB

pytestmark = BROWSER_TEST

A_MANAGERS_OWN = """
delete PublicKeyCredential.prototype.toJSON;
AuthenticatorAttestationResponse.prototype.getTransports = () => { throw new TypeError("Illegal invocation"); };
"""
"""Some password managers put objects of their own in the place of the browser's."""

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """A computer with a fingerprint reader, which is touched whenever the browser asks."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def plug_in(self) -> "Device":
        """Add the reader."""
        self._devtools = await self.page.context.new_cdp_session(self.page)
        await self._devtools.send("WebAuthn.enable")
        added = await self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self._id = added["authenticatorId"]
        return self

    async def set(self, what: str, **value: Any) -> None:
        """Change how it behaves."""
        await self._devtools.send(f"WebAuthn.set{what}", {"authenticatorId": self._id, **value})

    async def passkeys(self) -> int:
        """Return how many passkeys it holds."""
        found = await self._devtools.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        return len(found["credentials"])

    async def add_passkey(self) -> None:
        """Add a passkey to the account that is logged in."""
        await self.page.goto("/account/passkeys")
        await self.page.get_by_role("button", name="Add a passkey").click()
        await expect(self.page.get_by_text("Your passkey is ready")).to_be_visible()

    async def log_out(self) -> None:
        """Log out, and wait until that is done."""
        await self.page.get_by_role("button", name="Logout").click()
        await expect(self.page.get_by_role("link", name="Login", exact=True)).to_be_visible()


async def new_person(page: Page) -> dict[str, str]:
    """Sign somebody up and log them in. Return what they log in with."""
    person = BOB | {"email": f"{uuid4().hex}@example.com"}
    await fill_in(page, "/signup", person)
    await log_in(page, person)
    return person


async def log_in(page: Page, person: dict[str, str]) -> None:
    """Log in by password."""
    await fill_in(page, "/login", {"email": person["email"], "password": person["password"]})
    await heading(page, "Welcome, Bob!")


@pytest.mark.parametrize("script", ["", A_MANAGERS_OWN], ids=["the browser's", "a password manager's"])
async def test_the_log_in_page_offers_the_passkey_by_itself_and_on_its_button(page: Page, script: str) -> None:
    await page.add_init_script(script)
    await new_person(page)
    device = await Device(page).plug_in()
    await device.add_passkey()
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_text("This device has a passkey for your account already.")).to_be_visible()
    await device.log_out()
    await page.goto("/login")
    await heading(page, "Welcome, Bob!")
    await device.log_out()
    await device.set("AutomaticPresenceSimulation", enabled=False)
    await page.goto("/login")
    await device.set("UserVerified", isUserVerified=False)
    await device.set("AutomaticPresenceSimulation", enabled=True)
    await page.get_by_role("button", name="Log in with a passkey").click()
    await expect(page.get_by_text("That did not work. Please try again.")).to_be_visible()
    await device.set("UserVerified", isUserVerified=True)
    await page.get_by_role("button", name="Log in with a passkey").click()
    await heading(page, "Welcome, Bob!")


async def test_a_passkey_that_was_removed_logs_nobody_in_and_the_device_forgets_it(page: Page) -> None:
    await new_person(page)
    device = await Device(page).plug_in()
    await device.add_passkey()
    assert await device.passkeys() == 1
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    await device.log_out()
    await page.goto("/login")
    await page.get_by_role("button", name="Log in with a passkey").click()
    await expect(page.get_by_role("alert").first).to_be_visible()
    assert await device.passkeys() == 0
    await page.goto("/profile")
    await heading(page, "Login")


async def test_a_second_device_has_a_passkey_of_its_own(page: Page, browser: Browser, site: str) -> None:
    person = await new_person(page)
    device = await Device(page).plug_in()
    await device.add_passkey()
    context = await visit(browser, site)
    phone = Device(await context.new_page())
    await log_in(phone.page, person)
    await phone.plug_in()
    await phone.add_passkey()
    await expect(phone.page.get_by_role("button", name="Remove")).to_have_count(2)
    await phone.log_out()
    await phone.page.goto("/login")
    await heading(phone.page, "Welcome, Bob!")
    await context.close()
