from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from activities.models import State
from tests.builders import a_submission


class TestTheRequestId:
    def test_stands_in_every_answer_and_is_another_each_time(self, client, db):
        ids = {client.get("/account/sign-in/")["X-Request-ID"] for _ in range(3)}

        assert len(ids) == 3

    def test_is_ours_and_not_the_browsers(self, client, db):
        response = client.get("/account/sign-in/", headers={"X-Request-ID": "forged"})

        assert response["X-Request-ID"] != "forged"


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
