"""Checks what is to be published, as the package index would: python .ci/check_dist.py dist/*

The metadata must be valid, the description must say what it is written in, the version must be the newest in
CHANGELOG.md, and the archives must hold what belongs in them and nothing else.
"""

import re
import sys
import tarfile
import zipfile
from pathlib import Path

from packaging.metadata import Metadata
from packaging.utils import parse_sdist_filename, parse_wheel_filename

NEEDED = {
    "quart_auth_app/py.typed",
    "quart_auth_app/static/style.css",
    "quart_auth_app/database/migrations/env.py",
    "quart_auth_app/locales/messages.pot",
    *(f"quart_auth_app/locales/{language}/LC_MESSAGES/messages.mo" for language in ("es", "ja")),
}
UNWANTED = re.compile(
    r"(^|(?<!/new_site)/)(tests|bench|attacks|instance|secrets|__pycache__)/|\.sqlite|\.env|secret_key$"
)


def contents(file: Path) -> dict[str, bytes]:
    """Return the files in a wheel or a source archive, by their name; in the latter, below its one folder."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(file) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        return {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}


def faults(file: Path, changelog: str) -> list[str]:
    """Return what is wrong with an archive, in a sentence each."""
    inside = contents(file)
    is_wheel = file.suffix == ".whl"
    version = str((parse_wheel_filename if is_wheel else parse_sdist_filename)(file.name)[1])
    (metadata_file,) = (name for name in inside if re.fullmatch(r"[^/]*\.dist-info/METADATA|PKG-INFO", name))
    metadata = Metadata.from_email(inside[metadata_file])  # raises ExceptionGroup where it is invalid
    template = "quart_auth_app/templates/base.html" if is_wheel else "templates/base.html"
    newest = re.search(r"^## (\d\S*)", changelog, re.M)
    limits = "quart_auth_app/hypercorn.toml" if is_wheel else "hypercorn.toml"
    found = [f"{name} is missing" for name in sorted({*NEEDED, template, limits} - set(inside))]
    found += [f"{name} does not belong there" for name in inside if UNWANTED.search(name)]
    if str(metadata.version) != version or not newest or newest[1] != version:
        found.append(
            f"the version is {version}, {metadata.version} in the metadata, {newest and newest[1]} in CHANGELOG.md"
        )
    if metadata.description_content_type != "text/markdown" or not metadata.description:
        found.append("the description is missing, or does not say that it is Markdown")
    if metadata.license_expression != "MIT" or not any(name.endswith("LICENSE") for name in inside):
        found.append("the licence is missing")
    return [f"{file.name}: {fault}" for fault in found]


if __name__ == "__main__":
    changelog = (Path(__file__).parents[1] / "CHANGELOG.md").read_text()
    found = [fault for name in sys.argv[1:] for fault in faults(Path(name), changelog)]
    if found:
        sys.exit("\n".join(found))
    print("These can be published:", *sys.argv[1:])
