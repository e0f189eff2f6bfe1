"""Looks for purged words in the database's own files: `python -m tests.crash.words`.

Words are typed, posted, kept as drafts and pins; before the purge each is in the files, afterwards none is. On SQLite
the files are read, write-ahead log and all; on PostgreSQL those of every table and index, through the server.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import secrets
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from lsqportal.sandbox import Sandbox
from tests.crash.installation import fresh_database, join_fresh_database

# Where each word is typed: what a person says of a customer.
PLACES: Final = ("note", "long note", "value", "opportunity", "lead", "why", "draft", "pin")
FEW_DAYS: Final = timedelta(days=3)
QUERY: Final = """
SELECT relname, pg_read_binary_file(pg_relation_filepath(oid), 0, 1000000000, true)
FROM pg_class WHERE relkind IN ('r', 'i', 't')
"""


def fill(words: dict[str, str], count: int, then: datetime) -> None:
    """Submit and post so many submissions with the words, and keep drafts and a pin of them."""
    from activities import connection, pins, posting
    from activities.models import CallKind, Role, User

    connection.identify(kind=CallKind.READ)
    person = User.objects.create_person(email="asha@sahyadrihfc.in", name="Asha", password="x" * 12, role=Role.POSTER)
    for number in range(count):
        submit(words, person, number, then)
        while posting.post_next(worker="w"):
            pass
    pins.pin({"id": "7d1c", "name": words["pin"]}, owner=person, now=then)


def submit(words: dict[str, str], person: Any, number: int, then: datetime) -> None:
    """Submit three rows, one of them so long that it does not fit into a page of the database, and keep a draft."""
    from activities import audit, submissions
    from tests.builders import a_draft, a_field, a_new_row

    opportunity = {"name": f"{words['opportunity']} – Home loan", "lead_name": words["lead"]}
    draft = a_draft(person, opportunity=opportunity, content={"rows": [], "number": number}, updated_at=then)
    rows = [
        a_new_row(note=f"{words['note']} {number}", fields=(a_field(value=words["value"]),)),
        a_new_row(note="".join(f"{words['long note']} {secrets.token_hex(300)}" for _ in range(2)) + str(number)),
    ]
    by = audit.Actor(name="Asha", person=person)
    submissions.submit(draft, rows, by=by, why=words["why"], repeat_confirmed=True, now=then)
    a_draft(person, content={"rows": [{"note": words["draft"]}]}, updated_at=then)


def stored(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every file of the database, or of every table and index."""
    from django.db import connection

    if connection.vendor == "sqlite":
        yield from ((path.name, path.read_bytes()) for path in folder.glob("portal.sqlite3*"))
        return
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(QUERY)
        yield from ((name, bytes(content)) for name, content in cursor.fetchall() if content)


def found(words: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """Return the places whose words are in the files, with the names of these."""
    places: dict[str, list[str]] = {}
    for name, content in stored(folder):
        for place, word in words.items():
            if word.encode() in content or word.lower().encode() in content:  # a search has it in small letters
                places.setdefault(place, []).append(name)
    return places


def run(options: argparse.Namespace, folder: Path, database_url: str | None, sandbox: Sandbox) -> bool:
    """Fill, purge, look; return whether everything was there before and nothing is afterwards."""
    keys = {"LSQ_ACCESS_KEY": sandbox.access_key, "LSQ_SECRET_KEY": sandbox.secret_key, "LSQ_RATE_LIMIT": "1000/5s"}
    join_fresh_database(folder, database_url, LSQ_API_URL=sandbox.url, **keys)
    from django.core.management import call_command
    from django.db import connection

    from activities import buckets, proving
    from activities.models.clock import clock

    words = {place: f"Zq{secrets.token_hex(6)}" for place in PLACES}
    fill(words, options.submissions, clock() - FEW_DAYS)
    # What workers do when the bucket is full, after two thousand submissions.
    buckets._list(0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    before, out = found(words, folder), io.StringIO()
    rewrite = ["--rewrite"] if options.database == "postgresql" else []
    call_command("purge", "--before", f"{clock() - FEW_DAYS / 3:%Y-%m-%d}", *rewrite, stdout=out)
    after, problems = found(words, folder), proving.verify().problems
    print(f"== Purged words on {options.database} ==\n{out.getvalue().strip()}")
    print(f"words            {len(before)} of {len(words)} in the files before, {len(after)} afterwards {after or ''}")
    print(f"problems         {', '.join(problems) or 'none'}")
    return set(before) == set(words) and not after and not problems


def main(arguments: list[str] | None = None) -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.words", description=__doc__)
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="words-", ignore_cleanup_errors=True)))
        database_url = exits.enter_context(fresh_database(options.database, f"words_{secrets.token_hex(4)}"))
        return 0 if run(options, folder, database_url, exits.enter_context(Sandbox())) else 1


if __name__ == "__main__":
    sys.exit(main())
