from __future__ import annotations

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from lsqportal.environment import (
    Environment,
    database,
    flag,
    number,
    read_file,
    required,
    secret,
    web_pages,
    whole,
    wholes,
    words,
)


@pytest.mark.parametrize("text", ["True", "true", " TRUE ", "1", "yes", "on"])
def test_a_true_word_is_true(text):
    assert flag(text) is True


@pytest.mark.parametrize("text", ["False", "0", "no", "OFF"])
def test_a_false_word_is_false(text):
    assert flag(text) is False


@pytest.mark.parametrize("text", ["Treu", "", "2", "enabled", "None"])
def test_any_other_word_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="neither true nor false"):
        flag(text)


@pytest.mark.parametrize(("text", "value"), [("45", 45.0), ("2.5", 2.5), (" 5 ", 5.0), ("0", 0.0)])
def test_seconds_are_read(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["45s", "", "4 5", "1,5", "-1", "nan", "inf", "1e300", "fünf"])
def test_what_is_no_number_of_seconds_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="is not a number of seconds"):
        number(text)


@pytest.mark.parametrize(("text", "value"), [("120", 120), (" 0 ", 0)])
def test_whole_numbers_are_read(text, value):
    assert whole(text) == value


@pytest.mark.parametrize("text", ["24h", "", "1.5", "-3", "1_000", "٣", "99999999999"])
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="is not a whole number"):
        whole(text)


def test_a_schedule_is_read():
    assert wholes("5,15, 45") == [5, 15, 45]


@pytest.mark.parametrize("text", ["", "5,,15", "soon", "5;15"])
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="is not a whole number"):
        wholes(text)


def test_hosts_are_read_without_the_blanks_around_them():
    assert words(" portal.example.com, ,127.0.0.1 ") == ["portal.example.com", "127.0.0.1"]


class TestEnvironment:
    env = Environment(NAME=(str, "default"), SECONDS=(number, 5.0))

    def test_a_missing_variable_has_its_default(self, monkeypatch):
        monkeypatch.delenv("NAME", raising=False)

        assert self.env("NAME") == "default"

    def test_an_empty_variable_is_empty(self, monkeypatch):
        monkeypatch.setenv("NAME", "")

        assert self.env("NAME") == ""

    @pytest.mark.parametrize("value", ["$HOME", "$", "$$x", "a$b", "\\$x"])
    def test_a_dollar_is_a_dollar(self, monkeypatch, value):
        monkeypatch.setenv("NAME", value)

        assert self.env("NAME") == value

    def test_a_wrong_value_names_its_variable(self, monkeypatch):
        monkeypatch.setenv("SECONDS", "soon")

        with pytest.raises(ImproperlyConfigured, match=r"^SECONDS: “soon” is not a number"):
            self.env("SECONDS")


class TestReadFile:
    @pytest.fixture
    def read(self, tmp_path, monkeypatch):
        """Read a file of this text into an environment that is forgotten afterwards."""
        for name in ("TEST_KEY", "TEST_OTHER"):
            monkeypatch.setenv(name, "x")
            monkeypatch.delenv(name)

        def read(text: bytes | str) -> None:
            path = tmp_path / ".env"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            read_file(path)

        return read

    @pytest.mark.parametrize("value", ["$abc", "u$r", "p#w", "p#w # note", "a=b", "ü", "\\$x", "$", '{"a": 1}', ""])
    def test_a_value_stays_as_it_stands(self, read, value):
        read(f"# a comment\n\nTEST_KEY={value}\nTEST_OTHER=1\n")

        assert secret("TEST_KEY") == value

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self, read):
        read(b"\xef\xbb\xbfTEST_KEY=abc\r\nTEST_OTHER=d\r\n")

        assert (secret("TEST_KEY"), secret("TEST_OTHER")) == ("abc", "d")

    def test_what_the_environment_has_already_wins(self, read, monkeypatch):
        monkeypatch.setenv("TEST_KEY", "from outside")

        read("TEST_KEY=from the file\n")

        assert secret("TEST_KEY") == "from outside"

    @pytest.mark.parametrize("line", ["TEST_KEY = top-secret", "  TEST_KEY=top-secret", "top-secret", "TEST-KEY=x"])
    def test_a_line_that_would_be_skipped_is_refused_without_its_secret(self, read, line, caplog):
        with pytest.raises(ImproperlyConfigured, match="line 2 cannot be read") as refused:
            read(f"TEST_OTHER=1\n{line}\n")

        assert "top-secret" not in str(refused.value) + caplog.text

    def test_no_file_is_no_problem(self, tmp_path):
        read_file(tmp_path / "nowhere")


class TestSecret:
    def test_is_read_from_a_file(self, tmp_path, monkeypatch):
        (tmp_path / "key").write_bytes(b"\xef\xbb\xbf$u#r\n")
        monkeypatch.setenv("TEST_KEY_FILE", str(tmp_path / "key"))
        monkeypatch.setenv("TEST_KEY", "the environment's")

        assert secret("TEST_KEY") == "$u#r"

    def test_whose_file_is_not_there_is_refused(self, monkeypatch):
        monkeypatch.setenv("TEST_KEY_FILE", "/nowhere/key")

        with pytest.raises(ImproperlyConfigured, match="TEST_KEY_FILE points to /nowhere/key"):
            secret("TEST_KEY")

    def test_that_is_not_set_is_empty(self, monkeypatch):
        monkeypatch.delenv("TEST_KEY", raising=False)

        assert secret("TEST_KEY") == ""


@pytest.mark.parametrize("url", ["sqlite:///x.sqlite3", "postgres://u:p%40@h:5432/n", "postgresql://h/n"])
def test_a_database_is_postgresql_or_sqlite(url):
    assert database(url)["ENGINE"].rpartition(".")[2] in {"sqlite3", "postgresql"}


@pytest.mark.parametrize(
    "url", ["mysql://u:pw-0815@h/n", "pw-0815", "postgres:/u:pw-0815@h/n", "postgres://u:pw-0815@h:x/n"]
)
def test_another_address_is_refused_without_its_password(url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL: ") as refused:
        database(url)

    assert "pw-0815" not in str(refused.value)


def test_what_is_required_says_where_to_write_it():
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY is not set. Write it into .env"):
        required("SECRET_KEY", "", debug=False)


def test_what_is_required_may_be_missing_while_debugging():
    assert required("SECRET_KEY", "", debug=True) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://in21.leadsquared.com",
        "http://localhost:8080/crm/",
        "https://crm.example/o?id={opportunity_id}&lead={lead_id}&type={type_code}",
    ],
)
def test_an_address_of_web_pages_is_taken(text):
    assert web_pages(f" {text} ") == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("javascript:alert(1)//{opportunity_id}", "is not an address that a link may lead to"),
        ("ftp://in21.leadsquared.com", "begins with https://"),
        ("in21.leadsquared.com", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://[::1", "begins with https://"),
        ("https://me:secret@in21.leadsquared.com", "begins with https://"),
        ('https://in21.leadsquared.com/"onclick="x', "begins with https://"),
        ("https://crm.example/{opportunity}", "and no others"),
        ("https://crm.example/{opportunity_id}/{", "and no others"),
        ("https://crm.example/{lead_id}", "needs {opportunity_id} among them"),
        ("https://crm.example/details?id=", "with {opportunity_id} in the place of its id"),
    ],
)
def test_what_is_no_address_of_web_pages_is_refused(text, words):
    with pytest.raises(ImproperlyConfigured, match=re.escape(words)):
        web_pages(text)
