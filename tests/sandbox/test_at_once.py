"""Many clients at the same time: nothing is lost, nothing is counted wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

KEY_CHECK = "Authentication.svc/UserByAccessKey.Get"


def all_at_once(act, count):
    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(act, range(count)))


def test_calls_at_the_same_time_all_write(crm, sandbox):
    answers = all_at_once(lambda number: crm.bulk([crm.row(note=str(number))]), 32)

    ids = {answer.rows[0]["ProspectActivityId"] for answer in answers}
    assert {activity.id for activity in sandbox.posted()} == ids
    assert {activity.note for activity in sandbox.posted()} == {str(number) for number in range(32)}


def test_the_rate_limit_is_exact_with_calls_at_the_same_time(crm, sandbox):
    sandbox.switch(rate="10/60s")

    statuses = all_at_once(lambda number: crm.get(KEY_CHECK).status, 32)

    assert sorted(statuses) == [200] * 10 + [429] * 22


def test_a_hanging_call_stops_no_other(crm, sandbox):
    sandbox.fault("hang_then_write", seconds=60, answer=True)
    with ThreadPoolExecutor(max_workers=1) as pool:
        hanging = pool.submit(crm.bulk, [crm.row()])

        crm.until(lambda: bool(sandbox.requests))
        quick = crm.get(KEY_CHECK).status
        still_hanging = not hanging.done()
        sandbox.release()

        assert (quick, still_hanging, hanging.result(5).status) == (200, True, 200)


def test_a_fault_for_one_call_strikes_exactly_one_of_many(crm, sandbox):
    sandbox.fault("status", status=503)

    statuses = all_at_once(lambda number: crm.bulk([crm.row(note=str(number))]).status, 16)

    assert sorted(statuses) == [200] * 15 + [503]
