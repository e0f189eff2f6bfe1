from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_a_violation_of_the_policy_would_fail_its_test(page, complaints):
    page.goto("/")

    with page.expect_console_message(lambda message: "violation of" in message.text):
        page.evaluate("document.body.setAttribute('style', 'color: red')")

    assert complaints
    complaints.clear()


def test_an_error_in_a_script_would_fail_its_test(page, complaints):
    page.goto("/")

    with page.expect_event("pageerror"):
        page.evaluate("void setTimeout(() => { throw new Error('on purpose'); })")
    page.evaluate("0")

    assert complaints
    complaints.clear()
