"""What has happened: an account's activity, and the site's counts by day."""
