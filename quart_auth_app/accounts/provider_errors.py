"""Refusals of who logs in or signs up with an account at a provider."""

from quart_auth_app.accounts.errors import AccountError, TryLater


class ProviderRefused(AccountError):
    """The provider's answer doesn't prove who the person is; `reason`, for the log, says why."""


class ProviderDenied(ProviderRefused):
    """The person or the provider refused: the answer was an error."""


class AttemptTooLate(ProviderRefused):
    """The provider's answer belongs to no attempt of this browser, or to one that has expired or was used."""


class ProviderAway(TryLater):
    """The provider with this label doesn't answer, or answers wrongly."""

    def __init__(self, label: str, retry_after: int) -> None:
        super().__init__(retry_after)
        self.values["label"] = label


class ConnectFirst(AccountError):
    """The address has an account: its owner has to log in to it first, and then connect the provider's account."""


class AddressNotVerified(AccountError):
    """The provider has not verified the address, and no mail is sent here to confirm it, so no account is made."""


class AddressMissing(AccountError):
    """The provider tells no address, or an invalid one, and an account needs one."""


class SignUpUnfinished(AccountError):
    """The provider doesn't tell everything that an account needs; the person has to fill in the rest."""
