"""A line of a day's counts has all outcomes, not one of them; what was counted is kept."""

from typing import Any

from django.db import migrations, models

OUTCOMES = ("pending", "created", "rejected", "not_created", "unconfirmed")
SUMS = ", ".join(f"SUM(CASE WHEN outcome = '{outcome}' THEN number ELSE 0 END)" for outcome in OUTCOMES)


def turn(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(
        f"INSERT INTO activities_daycount (day, person_id, code, {', '.join(OUTCOMES)}) "
        f"SELECT day, person_id, code, {SUMS} FROM activities_dayoutcomecount GROUP BY day, person_id, code"
    )


def turn_back(apps: Any, schema_editor: Any) -> None:
    for outcome in OUTCOMES:
        schema_editor.execute(
            "INSERT INTO activities_dayoutcomecount (day, person_id, code, outcome, number) "
            f"SELECT day, person_id, code, '{outcome}', {outcome} FROM activities_daycount WHERE {outcome} > 0"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0010_word_buckets"),
        # Renaming a model asks for it, on the way back too.
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RemoveConstraint("DayCount", "day_is_counted_once"),
        migrations.RemoveConstraint("DayCount", "day_count_outcome_is_known"),
        migrations.RemoveIndex("DayCount", "day_count_by_day"),
        migrations.RenameModel("DayCount", "DayOutcomeCount"),
        migrations.CreateModel(
            name="DayCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("person_id", models.BigIntegerField(default=0)),
                ("code", models.PositiveIntegerField(default=0)),
                *((outcome, models.PositiveIntegerField(default=0)) for outcome in OUTCOMES),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("person_id", "code", "day"), name="day_is_counted_once"),
                    models.CheckConstraint(
                        condition=~models.Q(**dict.fromkeys(OUTCOMES, 0)), name="day_count_is_of_rows"
                    ),
                ],
                "indexes": [
                    models.Index(fields=("day",), name="day_count_by_day"),
                    models.Index(fields=("person_id", "code", "day", *OUTCOMES), name="day_count_of_person"),
                    models.Index(fields=("code", "person_id", "day", *OUTCOMES), name="day_count_of_type"),
                ],
            },
        ),
        migrations.RunPython(turn, turn_back),
        migrations.DeleteModel("DayOutcomeCount"),
    ]
