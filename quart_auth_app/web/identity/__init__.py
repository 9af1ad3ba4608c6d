"""Who is asking: the current user, cookies, known devices."""
