"""Who sends the request: the current user, cookies, known devices."""
