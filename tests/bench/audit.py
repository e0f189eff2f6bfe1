"""What the audit log's lists cost at size: `make bench-audit`, or `python -m tests.bench.audit --rows 1000000`.

Fills an empty database (DATABASE_URL) and asks for whole pages, warm, beside the change list of Django's admin over the
same rows in the same run, as it comes and without its full count; the admin is installed for the benchmark alone. What
the database and the fetching of rows take is told apart. A time alone says more about the machine: look at the ratios.
With more than a million rows, a log of a million stands beside, in a database of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile


def main() -> int:
    """Fill, measure, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # A database of this run alone; PostgreSQL's server is a new one already.
        if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
            os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        os.environ["DEBUG"] = "False"
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.with_admin"
        import django

        django.setup()
        from tests.bench import pages

        return pages.bench(arguments.rows)


if __name__ == "__main__":
    sys.exit(main())
