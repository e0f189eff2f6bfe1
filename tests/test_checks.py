from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import connection

from activities import checks, guards


@pytest.fixture(autouse=True)
def good(settings):
    settings.LSQ_API_URL = "https://api-in21.leadsquared.com/v2"
    settings.LSQ_ACCESS_KEY, settings.LSQ_SECRET_KEY = "u$rACCESSKEY", "secret-key"
    settings.LSQ_ALLOW_OTHER_HOST = False
    settings.LSQ_RATE_LIMIT, settings.LSQ_BULK_RATE_LIMIT = "25/5s", ""
    settings.LSQ_CONNECT_TIMEOUT, settings.LSQ_READ_TIMEOUT, settings.LSQ_CALL_DEADLINE = 5.0, 30.0, 45.0
    return settings


def found(**more) -> list[str]:
    return [message.id for message in run_checks(**more) if message.id.startswith("activities")]


def test_a_good_configuration_has_no_issue():
    assert found() == []


class TestWhereTheKeysGo:
    @pytest.mark.parametrize(
        "url",
        [
            "https://api-in21.leadsquared.com/v2",
            "https://api.leadsquared.com/v2",
            "http://127.0.0.1:8100/v2",
            "http://localhost:8100/v2",
            "http://[::1]:8100/v2",
            "https://127.0.0.1/v2",
            "",
        ],
    )
    def test_to_leadsquared_or_this_machine_is_good(self, settings, url):
        settings.LSQ_API_URL = url

        assert found() == []

    @pytest.mark.parametrize(
        "url",
        [
            "http://api-in21.leadsquared.com/v2",
            "api-in21.leadsquared.com/v2",
            "ftp://127.0.0.1/v2",
            "https://user:word@api.leadsquared.com/v2",
            "https://api.leadsquared.com/v2?accessKey=x",
            "https://leadsquared.com.evil.example/v2",
            "https://evilleadsquared.com/v2",
            "https://127.0.0.1.evil.example/v2",
            "https://proxy.sahyadrihfc.in/v2",
        ],
    )
    def test_elsewhere_is_refused(self, settings, url):
        settings.LSQ_API_URL = url

        assert found() == ["activities.E001"]

    def test_elsewhere_is_possible_on_purpose(self, settings):
        settings.LSQ_API_URL = "https://proxy.sahyadrihfc.in/v2"
        settings.LSQ_ALLOW_OTHER_HOST = True

        assert found() == []

    def test_without_encryption_never(self, settings):
        settings.LSQ_API_URL = "http://proxy.sahyadrihfc.in/v2"
        settings.LSQ_ALLOW_OTHER_HOST = True

        assert found() == ["activities.E001"]

    def test_the_message_says_how_to_mean_it(self, settings):
        settings.LSQ_API_URL = "https://proxy.sahyadrihfc.in/v2"

        (message,) = checks.keys_travel_safely(None)
        assert "LSQ_ALLOW_OTHER_HOST=True" in message.msg


class TestValues:
    @pytest.mark.parametrize("name", ["LSQ_RATE_LIMIT", "LSQ_BULK_RATE_LIMIT"])
    @pytest.mark.parametrize("rate", ["25", "25/5", "0/5s", "-1/5s", "x/5s", "25/5s;1/1d", "25 / 5s"])
    def test_a_rate_that_is_none_is_named(self, settings, name, rate):
        setattr(settings, name, rate)

        messages = checks.values_can_be_used(None)
        assert [message.id for message in messages] == ["activities.E003"]
        assert messages[0].msg.startswith(f"{name}: ")

    @pytest.mark.parametrize("rate", ["25/5s", "25/5s,10000/1d", " 1/s , 2/m ", "100/h"])
    def test_rates_are_good(self, settings, rate):
        settings.LSQ_RATE_LIMIT = rate

        assert found() == []

    def test_without_a_limit_is_refused(self, settings):
        settings.LSQ_RATE_LIMIT = ""

        assert found() == ["activities.E004"]

    def test_a_zone_that_is_none_is_refused(self, settings):
        settings.TIME_ZONE = "Asia/Calkutta"

        assert "activities.E005" in [message.id for message in checks.values_can_be_used(None)]

    @pytest.mark.parametrize("times", [(6, 5, 45), (5, 30, 29), (0, 30, 45), (5, 50, 45)])
    def test_times_that_do_not_rise_are_refused(self, settings, times):
        settings.LSQ_CONNECT_TIMEOUT, settings.LSQ_READ_TIMEOUT, settings.LSQ_CALL_DEADLINE = times

        assert found() == ["activities.E006"]


@pytest.mark.parametrize("name", ["LSQ_API_URL", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY"])
def test_a_deployed_portal_needs_address_and_keys(settings, name):
    setattr(settings, name, "")

    assert found() == []
    assert found(include_deployment_checks=True) == ["activities.E007"]


@pytest.mark.django_db
class TestTheRecord:
    def test_is_guarded_after_migrating(self):
        assert found(databases=["default"]) == []

    def test_without_its_guards_is_noticed(self):
        drop = {
            "sqlite": "DROP TRIGGER activities_auditentry_refuses_delete",
            "postgresql": "DROP TRIGGER activities_auditentry_refuses_truncate ON activities_auditentry",
        }
        with connection.cursor() as cursor:
            cursor.execute(drop[connection.vendor])

        assert found(databases=["default"]) == ["activities.W001"]

        guards.install()

    def test_is_not_asked_for_without_a_database(self):
        assert found() == []
