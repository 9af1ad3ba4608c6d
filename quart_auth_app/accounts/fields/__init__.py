"""What people may type: names, e-mail addresses, and a site's own fields."""
