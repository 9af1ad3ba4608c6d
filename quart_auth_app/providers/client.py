"""A provider's client: the authorization code flow of OpenID Connect Core 1.0, with PKCE, state, nonce, RFC 9207."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from quart_auth_app.accounts.factors import identities
from quart_auth_app.accounts.factors import provider_attempts as attempts
from quart_auth_app.accounts.factors.identities import NotProven, Proven
from quart_auth_app.accounts.factors.provider_attempts import Attempt
from quart_auth_app.accounts.provider_errors import AttemptTooLate, ProviderAway, ProviderRefused
from quart_auth_app.providers.discovery import Metadata, discover
from quart_auth_app.providers.fetching import Unreachable, fetch
from quart_auth_app.providers.kept import AFTER_FAILURE, Kept
from quart_auth_app.providers.keys import fetch_keys, verified
from quart_auth_app.providers.token_endpoint import redeem
from quart_auth_app.settings.providers import ProviderSettings

KEPT = timedelta(hours=1)
"""How long the discovery document and the keys are cached."""

REFETCH_KEYS_AFTER = timedelta(minutes=1)
"""If no key verifies a token, keys that are older than this are fetched again; not for every such token."""

SECONDS_IN_ALL = 10
"""Time limit for all requests to a provider while one person comes back from it."""

SCOPE = "openid email profile"

Keys = Sequence[Mapping[str, Any]]

_log = logging.getLogger("quart_auth_app.providers")


class Provider:
    """The client of one provider, which lives as long as the application."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self._metadata: Kept[Metadata] = Kept(self._discover, lasts=KEPT)
        self._keys: Kept[Keys] = Kept(self._fetch_keys, lasts=KEPT)

    async def address(self, attempt: Attempt, *, now: datetime) -> str:
        """Return the provider's URL to send the browser to. Raises ProviderAway."""
        try:
            metadata = await self._metadata.get(now=now)
        except Unreachable as error:
            raise self._away(str(error)) from None
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        if attempt.fresh:
            asked |= {"max_age": "0"}
        separator = "&" if "?" in metadata.authorization_endpoint else "?"
        return metadata.authorization_endpoint + separator + urlencode(asked, quote_via=quote)

    async def proven(self, attempt: Attempt, answer: Mapping[str, str], *, now: datetime) -> Proven:
        """Return the proof of who has come back. `answer` is the query of the URL that the browser came back to.

        Raises AttemptTooLate, ProviderDenied, ProviderRefused or ProviderAway.
        """
        if attempt.provider != self.settings.name or answer.get("state") != attempt.state:
            raise AttemptTooLate(reason="state", label=self.settings.label)
        if attempts.is_over(attempt, now=now):
            raise AttemptTooLate(reason="time", label=self.settings.label)
        try:
            async with asyncio.timeout(SECONDS_IN_ALL):
                metadata = await self._metadata.get(now=now)
                self._check_issuer(metadata, answer)
                tokens = await redeem(self.settings, metadata, attempt, answer)
                return await self._identified(metadata, attempt, tokens, now=now)
        except Unreachable as error:
            raise self._away(str(error)) from None
        except TimeoutError:
            raise self._away(f"its answers took more than {SECONDS_IN_ALL} seconds together") from None
        except NotProven as error:
            raise ProviderRefused(reason=str(error), label=self.settings.label) from None

    async def faults(self, *, now: datetime) -> str | None:
        """Return what is wrong with the provider's discovery document or its keys, None if nothing is."""
        try:
            await self._metadata.get(now=now)
            await self._keys.get(now=now)
        except Unreachable as error:
            return str(error)
        return None

    async def _discover(self, _now: datetime) -> Metadata:
        return await discover(self.settings.issuer)

    async def _fetch_keys(self, now: datetime) -> Keys:
        return await fetch_keys((await self._metadata.get(now=now)).jwks_uri)

    def _check_issuer(self, metadata: Metadata, answer: Mapping[str, str]) -> None:
        # RFC 9207, 2.4: reject answers of another provider (mix-up attack), even errors.
        wanted = self.settings.issuer
        if answer.get("iss", None if metadata.names_itself else wanted) != wanted:
            raise NotProven("iss of the answer")

    async def _identified(
        self, metadata: Metadata, attempt: Attempt, tokens: Mapping[str, Any], *, now: datetime
    ) -> Proven:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise NotProven("no ID token")
        claims = await self._verified(token, now=now)
        identities.check(
            claims,
            issuer=self.settings.issuer,
            client_id=self.settings.client_id,
            nonce=attempt.nonce,
            began_at=attempt.began_at,
            fresh=attempt.fresh,
            now=now,
        )
        if "email" not in claims and metadata.userinfo_endpoint:
            told = await self._user_info(metadata.userinfo_endpoint, tokens, claims["sub"])
            # Take all from the same answer: `email_verified` must not be combined with another answer's address.
            claims = {"sub": claims["sub"], **{name: told.get(name) for name in ("email", "email_verified", "name")}}
        return identities.proven(claims, issuer=self.settings.issuer)

    async def _verified(self, token: str, *, now: datetime) -> Mapping[str, Any]:
        try:
            return verified(token, await self._keys.get(now=now))
        except NotProven:
            # The provider may have new keys.
            return verified(token, await self._keys.get(now=now, but_not_older_than=REFETCH_KEYS_AFTER))

    async def _user_info(self, url: str, tokens: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
        token = tokens.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            return {}
        got = await fetch(url, headers={"Authorization": f"Bearer {token}"})
        if got.status != 200:
            return {}
        if got.body.get("sub") != subject:
            raise NotProven("sub of the user info")  # OpenID Connect Core 1.0, 5.3.2
        return got.body

    def _away(self, error: str) -> ProviderAway:
        _log.warning("%s can't be used now: %s", self.settings.name, error)
        return ProviderAway(self.settings.label, int(AFTER_FAILURE.total_seconds()))
