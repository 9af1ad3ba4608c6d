"""Notes beside refused fields.

`make catalogues` finds every text in this file without a call of gettext around it.
"""

FIELD_NOTES = {
    "AccountError": "Please change this.",
    "EmailTaken": "Taken.",
    "FieldMissing": "Missing.",
    "FieldTooLong": "Too long.",
    "InvalidEmail": "Not an email address.",
    "NameTooLong": "Too long.",
    "OwnFieldMissing": "Missing.",
    "OwnFieldTaken": "Taken.",
    "OwnFieldTooLong": "Too long.",
    "PasswordTooGuessable": "Too easy to guess.",
    "PasswordTooLong": "Too long.",
    "PasswordTooShort": "Too short.",
    "WrongCode": "Not the right code.",
    "WrongMailedCode": "Not the right code.",
    "WrongPassword": "Not your password.",
    "WrongSignUpPassword": "Not that password.",
}
"""A few words beside the refused field, by code; the sentence is above the form."""
