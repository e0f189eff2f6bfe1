from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from activities import audit
from activities.models import State
from tests.builders import a_submission


class TestTheRequestId:
    def test_stands_in_every_answer_and_is_another_each_time(self, client, db):
        ids = {client.get("/account/sign-in/")["X-Request-ID"] for _ in range(3)}

        assert len(ids) == 3

    def test_is_ours_and_not_the_browsers(self, client, db):
        response = client.get("/account/sign-in/", headers={"X-Request-ID": "forged"})

        assert response["X-Request-ID"] != "forged"


class TestTheAddress:
    PROXY = "10.0.0.2"

    @pytest.fixture
    def recorded(self, client, db, settings):
        """Fail to sign in through so many trusted proxies, and return the addresses that are in the record."""

        def recorded(*forwarded: str, proxies: int, remote: str = self.PROXY) -> list[str]:
            settings.TRUSTED_PROXIES = proxies
            for each in forwarded or [None]:
                headers = {} if each is None else {"X-Forwarded-For": each}
                client.post("/account/sign-in/", {"email": "a", "password": "b"}, headers=headers, REMOTE_ADDR=remote)
            return list(audit.entries().order_by("seq").values_list("address", flat=True))

        return recorded

    def test_is_the_peers_while_no_proxy_is_trusted(self, recorded):
        assert recorded("203.0.113.7", proxies=0) == [self.PROXY]

    @pytest.mark.parametrize(
        ("forwarded", "proxies"),
        [
            ("203.0.113.7", 1),
            ("198.51.100.1, 203.0.113.7", 1),
            ("198.51.100.1,203.0.113.7,10.0.0.1", 2),
            ("nonsense, 203.0.113.7", 1),
            (" 203.0.113.7 ", 1),
            ("203.0.113.7:50123", 1),
            ("::ffff:203.0.113.7", 1),
        ],
    )
    def test_is_what_the_outermost_trusted_proxy_was_asked_from(self, recorded, forwarded, proxies):
        assert recorded(forwarded, proxies=proxies) == ["203.0.113.7"]

    @pytest.mark.parametrize("forwarded", ["2001:db8::7", "[2001:db8::7]", "[2001:DB8::7]:50123", "2001:db8:0:0::7"])
    def test_of_the_sixth_version_is_written_in_one_way(self, recorded, forwarded):
        assert recorded(forwarded, proxies=1) == ["2001:db8::7"]

    @pytest.mark.parametrize("remote", [PROXY, ""], ids=["over a port", "over a socket"])
    @pytest.mark.parametrize(
        ("forwarded", "proxies"),
        [
            (None, 1),
            ("", 1),
            ("203.0.113.7", 2),
            ("203.0.113.7,", 1),
            ("unknown", 1),
            ("203.0.113.777", 1),
            ("203.0.113.7<script>", 1),
            ("[2001:db8::7", 1),
            ("[2001:db8::7]x", 1),
            ("fe80::1%" + "x" * 80, 1),
            ("_hidden:80", 1),
            ("203.0.113.7, 10.0.0.1, nonsense", 1),
        ],
    )
    def test_is_the_peers_where_the_proxies_do_not_say(self, recorded, forwarded, proxies, remote):
        said = [] if forwarded is None else [forwarded]

        assert recorded(*said, proxies=proxies, remote=remote) == [remote]

    def test_of_each_client_has_its_own_burst_of_failed_sign_ins(self, recorded):
        assert recorded("203.0.113.7", "203.0.113.8", "203.0.113.7", proxies=1) == ["203.0.113.7", "203.0.113.8"]


class TestReadableText:
    @pytest.mark.parametrize("query", ["q=%ff", "q=%c3", "%ff=x", "q=%ED%A0%80"])
    def test_a_query_that_is_not_utf_8_is_refused(self, asha_client, query):
        assert asha_client.get(f"/history/?{query}").status_code == 400

    @pytest.mark.parametrize("query", ["text=%F0%9F%91%8D", "text=%D8%AA", "text=a%00b", "text=%", "text=%zz"])
    def test_any_other_query_is_read(self, asha_client, query):
        assert asha_client.get(f"/history/?{query}").status_code in {200, 422}

    def test_a_file_is_no_text(self, asha_client):
        head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="x.xlsx"\r\n\r\n'

        response = asha_client.post(
            "/account/", head + b"\xff\xfe\r\n--x--\r\n", content_type="multipart/form-data; boundary=x"
        )

        assert response.status_code != 400


class TestIdleSessions:
    def age(self, seconds):
        """Let the session of the signed-in person have begun so many seconds ago."""
        session = Session.objects.get()
        session.expire_date = timezone.now() + timedelta(seconds=1800 - seconds)
        session.save()

    def test_a_page_pushes_the_end_out(self, asha_client):
        self.age(600)

        asha_client.get("/history/")

        assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=29)

    def test_a_poll_pushes_nothing_out(self, asha_client, asha):
        submission = a_submission(asha, state=State.QUEUED)
        self.age(600)

        asha_client.get(f"/submissions/{submission.public_id}/progress/", headers={"HX-Request": "true"})

        assert Session.objects.get().expire_date < timezone.now() + timedelta(minutes=21)

    def test_not_every_page_writes(self, asha_client):
        asha_client.get("/history/")
        self.age(60)

        asha_client.get("/history/")

        assert Session.objects.get().expire_date < timezone.now() + timedelta(seconds=1800 - 59)

    def test_a_session_that_ended_is_none(self, asha_client):
        self.age(1801)

        assert asha_client.get("/history/").status_code == 302

    def test_half_an_hour_is_what_is_promised(self, settings):
        assert settings.SESSION_COOKIE_AGE == 30 * 60


class TestTheTimeZone:
    @pytest.mark.parametrize(
        ("zone", "shown"), [("Asia/Kolkata", "17:30"), ("Asia/Dubai", "16:00"), ("Europe/Berlin", "13:00")]
    )
    def test_is_that_of_the_person(self, asha_client, asha, zone, shown):
        asha.time_zone = zone
        asha.save()
        a_submission(asha)

        assert shown in asha_client.get("/history/").content.decode()
