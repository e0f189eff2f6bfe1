"""Gives the lines of purged rows their tags back: filters of three and more columns find rows by these alone."""

from typing import Any

from django.db import migrations

from activities import indexing, words

BATCH = 500


def give_back(apps: Any, schema_editor: Any) -> None:
    listed = apps.get_model("activities", "ListedRow")
    # Only a purge has left a line without any word.
    without = listed.objects.filter(words="").order_by("place")
    columns = without.values("place", "created_by_id", "code", "owner", "outcome")
    last = 0
    while found := list(columns.filter(place__gt=last)[:BATCH]):
        last = found[-1]["place"]
        tagged = [(words.marked(place, indexing.tags(**line)), place) for line in found if (place := line.pop("place"))]
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {listed._meta.db_table} SET words = %s WHERE place = %s", tagged)
            if schema_editor.connection.vendor == "sqlite":
                cursor.executemany(f"INSERT INTO {indexing.INDEX}(words, rowid) VALUES (%s, %s)", tagged)


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0008_recheck"),
    ]

    operations = [migrations.RunPython(give_back, migrations.RunPython.noop)]
