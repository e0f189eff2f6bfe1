from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from activities.models.clock import clock
from activities.templatetags import portal

IN_2024 = datetime(2024, 3, 1, 9, 3, tzinfo=UTC)


def words(html: str) -> str:
    return re.sub("<[^>]*>", "", html)


@pytest.mark.parametrize(
    ("show", "shown"),
    [(portal.moment, "Today, {}"), (portal.moment_within, "today, {}"), (portal.at_moment, "at {}")],
)
@pytest.mark.django_db
def test_a_time_of_today_is_written_as_its_place_in_a_sentence_asks(show, shown):
    now = clock()

    assert words(show(now)) == shown.format(f"{timezone.localtime(now):%H:%M}")


@pytest.mark.parametrize(
    ("show", "shown"),
    [
        (portal.moment, "Fri 1 Mar 2024, 14:33"),
        (portal.moment_within, "Fri 1 Mar 2024, 14:33"),
        (portal.at_moment, "on Fri 1 Mar 2024 at 14:33"),
    ],
)
def test_a_time_of_another_year_names_it(show, shown):
    assert words(show(IN_2024)) == shown


def test_a_time_that_never_was_is_a_dash():
    assert portal.moment(None) == portal.NOTHING
