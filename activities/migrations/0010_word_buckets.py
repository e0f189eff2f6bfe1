"""Which buckets a word stands in (buckets.py): filled by the workers, beside whatever else they do."""

from typing import Any

from django.db import migrations

TABLE = "activities_wordbucket"
MAKE = {
    "sqlite": [
        f"CREATE TABLE {TABLE} (word text NOT NULL, bucket integer NOT NULL, PRIMARY KEY (word, bucket)) WITHOUT ROWID"
    ],
    # Nothing is unique here, so that two who mark the same bucket do not wait for each other.
    "postgresql": [
        f'CREATE TABLE {TABLE} (word text COLLATE "C" NOT NULL, bucket integer NOT NULL)',
        f"CREATE INDEX {TABLE}_by_word ON {TABLE} (word, bucket)",
    ],
}


def make(apps: Any, schema_editor: Any) -> None:
    for statement in MAKE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP TABLE {TABLE}")


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0009_tags_of_purged_rows"),
    ]

    operations = [migrations.RunPython(make, drop)]
