"""The Django site's WSGI application, and its database."""

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

from bench import people

application = get_wsgi_application()


def prepare(users: int) -> None:
    """Create the tables and the users."""
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User  # not before the settings are in use

    call_command("migrate", verbosity=0)
    password = make_password(people.PASSWORD)
    User.objects.bulk_create(
        User(username=people.email(number), first_name=f"Person {number}", password=password) for number in range(users)
    )
