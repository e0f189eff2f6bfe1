"""The index over the words of rows: FTS5 beside the table on SQLite, GIN on PostgreSQL."""

from typing import Any

from django.db import migrations

INDEX = "activities_listedrow_words"
MAKE = {
    # The words are ASCII already and parted by blanks (words.py); places of words in a text are not needed.
    "sqlite": f"""
        CREATE VIRTUAL TABLE {INDEX} USING fts5(
            words, content='activities_listedrow', content_rowid='place', detail=none,
            tokenize="ascii tokenchars '.=~'"
        )""",
    # Without the list of pending entries a search takes as long after a thousand submissions as before them.
    "postgresql": f"""
        CREATE INDEX {INDEX} ON activities_listedrow
        USING gin (array_to_tsvector(string_to_array(words, ' '))) WITH (fastupdate = off)""",
}
DROP = {"sqlite": f"DROP TABLE {INDEX}", "postgresql": f"DROP INDEX {INDEX}"}


def make(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(MAKE[schema_editor.connection.vendor])


def drop(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(DROP[schema_editor.connection.vendor])


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0005_lists"),
    ]

    operations = [migrations.RunPython(make, drop)]
