"""The JSON object of each page, by endpoint."""

from dataclasses import dataclass
from typing import Any

from quart_auth_app.web.api.views import account, admin, factors
from quart_auth_app.web.api.views.view import View


@dataclass(frozen=True)
class LogIn:
    """The options for navigator.credentials.get(), null where there are no passkeys."""

    options: dict[str, Any] | None


@dataclass(frozen=True)
class SignUp:
    """What a new password has to have."""

    min_password_length: int


@dataclass(frozen=True)
class Profile:
    """Who is logged in."""

    name: str


@dataclass(frozen=True)
class Address:
    """The address that a mail was sent to."""

    email: str


_CODES = View("second_step/recovery_codes.html", factors.RecoveryCodeList, factors.recovery_codes)

VIEWS: dict[str, View] = {
    "main.profile": View("profile.html", Profile, lambda context: Profile(context["name"])),
    "auth.login": View("login.html", LogIn, lambda context: LogIn(context["options"]), leads_on=True),
    "auth.signup": View("signup.html", SignUp, lambda context: SignUp(context["min_password_length"]), True),
    "auth.check_mail": View("check_mail.html", Address, lambda context: Address(context["email"]), leads_on=True),
    "auth.confirm": View("confirm.html", Address, lambda context: Address(context["email"])),
    "account.overview": View("account/overview.html", account.Account, account.account),
    "sessions.overview": View("account/sessions.html", account.SessionList, account.sessions),
    "activity.overview": View("account/activity.html", account.Activity, account.activity),
    "second_step.overview": View("second_step/overview.html", factors.SecondStep, factors.second_step),
    "second_step.confirm_post": _CODES,
    "second_step.recovery_codes_post": _CODES,
    "admin.overview": View("admin/overview.html", admin.Overview, admin.overview),
    "admin.users": View("admin/users.html", admin.People, admin.people),
    "admin.user": View("admin/user.html", admin.OnePerson, admin.one_person),
    "admin.add": View("admin/add.html", admin.Adding, admin.adding),
    "admin_site.mail": View("admin/mail.html", admin.MailList, admin.mail),
    "admin_site.doctor_post": View("admin/doctor.html", admin.Faults, admin.findings),
    "passkeys.overview": View("passkeys/overview.html", factors.PasskeyList, factors.passkeys),
    "access_keys.overview": View("account/access_keys.html", factors.AccessKeyList, factors.access_keys),
    "access_keys.create_post": View("account/new_access_key.html", factors.NewAccessKey, factors.new_access_key),
}
