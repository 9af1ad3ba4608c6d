"""`quart-auth-app new`: the beginning of a site of one's own."""

import json
import keyword
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

MODEL = Path(__file__).with_name("new_site")
"""What is written, with `my_site` where the name belongs and `.txt` behind each file's name."""


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a site of one's own into a new folder: a page, a table with its migration, templates and tests."""
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name) or name in sys.stdlib_module_names:
        raise click.ClickException(f"{name} can't be the name of a Python package; my_site could.")
    site = Path(name)
    try:
        site.mkdir()
    except OSError as error:
        raise click.ClickException(f"The folder {site.absolute()} can't be made: {error.strerror}") from None
    for file in filter(Path.is_file, MODEL.rglob("*.txt")):
        to = site / str(file.relative_to(MODEL)).replace("my_site", name).removesuffix(".txt")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(file.read_text(encoding="utf-8").replace("my_site", name), encoding="utf-8")
    if source := installed_from():
        keep(source, site / "wheels")
    click.echo(f"{site.absolute()} is there. In it, `make run` serves it and `make test` tries it.")


def installed_from() -> str | None:
    """Return the URL that this package was installed from, such as that of a checkout; None for a package index.

    The file that says so is PEP 610's.
    """
    said = distribution("quart-auth-app").read_text("direct_url.json")
    if not said:
        return None
    url = json.loads(said)
    vcs = url.get("vcs_info")
    return f"{vcs['vcs']}+{url['url']}@{vcs['commit_id']}" if vcs else str(url["url"])


def keep(source: str, folder: Path) -> None:
    """Put the wheel at this URL into the folder, or the URL of what `make run` has to build the wheel of.

    The site's `make run` installs this package again, and no package index may have what it was installed from.
    """
    if not source.endswith(".whl"):
        (folder / "from.txt").write_text(f"quart-auth-app @ {source}\n", encoding="utf-8")
        return
    try:
        shutil.copy(unquote(urlsplit(source).path), folder)
    except OSError as error:
        click.echo(f"{source}, where quart-auth-app came from, can't be read: {error.strerror}.", err=True)
        click.echo(f"Put a wheel of it into {folder.absolute()}.", err=True)
