"""What proves who somebody is, beside the password: passkeys, accounts at providers, and the second step."""
