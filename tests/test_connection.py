from __future__ import annotations

from datetime import timedelta

import pytest

from activities import audit, connection
from activities.leadsquared import LeadSquaredError, NotSent, Unauthorized
from activities.models import Account, CallKind, CatalogEntry
from tests.builders import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def leadsquared(sandbox):
    return sandbox


def actions() -> list[str]:
    return list(audit.entries().order_by("seq").values_list("action", flat=True))


def refuse_the_keys(sandbox, times=1):
    sandbox.fault("unauthorized", path_contains="/v2/", times=times)


class TestIdentify:
    def test_keeps_whose_keys_these_are(self, sandbox):
        account = connection.identify(now=NOON)

        assert account.user_name == sandbox.key_user.name
        assert account.organisation
        assert account.host == sandbox.url.split("/")[2]
        assert account.checked_at == NOON

    def test_leaves_an_entry_the_first_time_only(self):
        connection.identify()
        connection.identify()

        assert actions() == ["account.identified"]

    def test_stores_neither_key(self, sandbox):
        connection.identify()

        stored = str(Account.objects.values().get())
        assert sandbox.access_key not in stored
        assert sandbox.secret_key not in stored

    def test_with_keys_that_are_not_accepted_changes_nothing(self, sandbox, settings):
        settings.LSQ_SECRET_KEY = "some-other-secret-key"

        with pytest.raises(Unauthorized):
            connection.identify()

        assert Account.objects.get().organisation == ""

    def test_of_another_account_forgets_the_lists_of_the_first(self):
        connection.identify()
        CatalogEntry.objects.create(kind="users", fetched_at=NOON)
        Account.objects.update(organisation="another")

        connection.identify()

        assert not CatalogEntry.objects.exists()

    def test_again_keeps_the_lists(self):
        connection.identify()
        CatalogEntry.objects.create(kind="users", fetched_at=NOON)

        connection.identify()

        assert CatalogEntry.objects.exists()


class TestAccount:
    def test_is_unknown_before_anybody_asked(self):
        account = connection.account()

        assert (account.organisation, account.host) == ("", connection.api_host())

    @pytest.mark.parametrize("name", ["LSQ_ACCESS_KEY", "LSQ_SECRET_KEY", "LSQ_API_URL"])
    def test_of_other_keys_is_unknown(self, settings, name):
        connection.identify()

        setattr(settings, name, f"{getattr(settings, name)}x")

        assert connection.account().organisation == ""

    def test_of_other_keys_has_no_hold(self, settings):
        connection.identify()
        connection.hold("The keys were refused.")

        settings.LSQ_SECRET_KEY = "new-secret-key-0000"

        assert connection.account().hold_since is None

    def test_of_other_keys_keeps_the_pause_that_leadsquared_asked_for(self, settings):
        connection.identify()
        Account.objects.update(paused_until=NOON)

        settings.LSQ_SECRET_KEY = "new-secret-key-0000"

        assert connection.account().paused_until == NOON

    def test_is_asked_for_where_it_must_be_known(self, sandbox):
        assert connection.known_account().organisation
        asked = len(sandbox.requests)

        connection.known_account()

        assert len(sandbox.requests) == asked

    def test_that_must_be_known_and_cannot_be_asked_is_an_error(self, sandbox):
        sandbox.fault("error_500_without_envelope", path_contains="/v2/")

        with pytest.raises(LeadSquaredError):
            connection.known_account()


class TestClient:
    @pytest.mark.parametrize("name", ["LSQ_ACCESS_KEY", "LSQ_SECRET_KEY", "LSQ_API_URL"])
    def test_needs_address_and_keys(self, settings, name):
        setattr(settings, name, "")

        with pytest.raises(NotSent, match="no address or keys"):
            connection.client()

    def test_is_made_once_for_a_thread_and_a_kind(self):
        assert connection.client() is connection.client()
        assert connection.client() is not connection.client(CallKind.BACKGROUND)

    def test_of_other_keys_is_another(self, settings):
        before = connection.client()

        settings.LSQ_SECRET_KEY = "some-other-secret-key"

        assert connection.client() is not before


class TestHold:
    @pytest.fixture(autouse=True)
    def known(self, sandbox):
        connection.identify(now=NOON)

    def hold(self):
        connection.hold("LeadSquared refused the keys.", now=NOON)

    def test_says_since_when_and_why(self):
        self.hold()

        account = connection.account()
        assert (account.hold_since, account.hold_reason) == (NOON, "LeadSquared refused the keys.")

    def test_twice_keeps_the_first_and_one_entry(self):
        self.hold()
        connection.hold("Later.", now=NOON + timedelta(hours=1))

        assert connection.account().hold_reason == "LeadSquared refused the keys."
        assert actions() == ["account.identified", "account.held"]

    def test_takes_a_reason_of_any_length(self):
        connection.hold("x" * 5000, now=NOON)

        assert connection.account().hold_since

    def test_is_looked_at_once_a_minute(self, sandbox):
        self.hold()
        asked = len(sandbox.requests)

        lifted = connection.lift_hold_if_accepted(now=NOON + timedelta(seconds=59))

        assert not lifted
        assert len(sandbox.requests) == asked

    def test_is_lifted_when_the_keys_are_accepted_again(self):
        self.hold()

        assert connection.lift_hold_if_accepted(now=NOON + timedelta(seconds=61))

        assert connection.account().hold_since is None
        assert actions() == ["account.identified", "account.held", "account.hold_lifted"]

    def test_stays_while_they_are_not(self, sandbox):
        self.hold()
        refuse_the_keys(sandbox)

        assert not connection.lift_hold_if_accepted(now=NOON + timedelta(seconds=61))

        assert connection.account().hold_since == NOON

    def test_stays_while_leadsquared_is_away(self, sandbox):
        self.hold()
        sandbox.fault("error_500_without_envelope", path_contains="/v2/")

        assert not connection.lift_hold_if_accepted(now=NOON + timedelta(seconds=61))

        assert connection.account().hold_since == NOON

    def test_that_is_none_is_not_lifted(self, sandbox):
        asked = len(sandbox.requests)

        assert not connection.lift_hold_if_accepted(now=NOON + timedelta(hours=1))
        assert len(sandbox.requests) == asked


class TestKeysAreRefused:
    def test_says_yes_when_they_are(self, sandbox):
        refuse_the_keys(sandbox)

        assert connection.keys_are_refused() is True

    def test_says_no_when_they_are_accepted(self):
        assert connection.keys_are_refused() is False

    def test_says_nothing_when_nobody_can_tell(self, sandbox):
        sandbox.fault("error_500_without_envelope", path_contains="/v2/")

        assert connection.keys_are_refused() is None
