"""How the sandbox speaks HTTP: keys, verbs, addresses, connections (leadsquared-api §0, §13)."""

from __future__ import annotations

import socket
from email.utils import parsedate_to_datetime

import pytest

from lsqportal.sandbox.__main__ import main

KEY_CHECK = "Authentication.svc/UserByAccessKey.Get"
WRONG = {"x-LSQ-AccessKey": "u$rWRONG", "x-LSQ-SecretKey": "wrong"}
GETS = (
    KEY_CHECK,
    "LeadManagement.svc/Leads.GetByQuickSearch",
    "LeadManagement.svc/Leads.GetByEmailaddress",
    "LeadManagement.svc/RetrieveLeadByPhoneNumber",
    "LeadManagement.svc/Leads.GetById",
    "UserManagement.svc/Users.Get",
    "UserManagement.svc/User/Retrieve/ByUserId",
    "ProspectActivity.svc/ActivityTypes.Get",
    "ProspectActivity.svc/CustomActivity/GetActivitySetting",
    "ProspectActivity.svc/GetActivityDetails",
    "OpportunityManagement.svc/GetOpportunityTypes",
    "OpportunityManagement.svc/GetOpportunityTypeMetadata",
    "OpportunityManagement.svc/GetOpportunityDetails",
)
POSTS = (
    "UserManagement.svc/User/AdvancedSearch",
    "ProspectActivity.svc/ActivityField/Dropdown/Options/Get",
    "ProspectActivity.svc/ActivityField/DependentDropdown/Options/Get",
    "ProspectActivity.svc/Retrieve",
    "ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId",
    "OpportunityManagement.svc/GetOpportunitiesOfLead",
    "OpportunityManagement.svc/GetOpportunitiesById",
    "OpportunityManagement.svc/GetActivitiesOfOpportunity",
)


def test_keys_in_headers_are_accepted(crm):
    assert crm.get(KEY_CHECK).status == 200


def test_keys_in_the_query_are_accepted(crm, sandbox):
    answer = crm.send("GET", KEY_CHECK, headers={}, accessKey=sandbox.access_key, secretKey=sandbox.secret_key)

    assert answer.status == 200


@pytest.mark.parametrize("headers", [WRONG, {}])
def test_wrong_or_missing_keys_are_401_with_the_envelope(crm, headers):
    answer = crm.send("GET", KEY_CHECK, headers=headers)

    assert answer.status == 401
    assert answer.json == {
        "Status": "Error",
        "ExceptionType": "MXInvalidAccessDetailsException",
        "ExceptionMessage": "Invalid Access Details provided.",
    }


def test_the_access_key_contains_a_dollar_sign(sandbox):
    assert "$" in sandbox.access_key


@pytest.mark.parametrize("path", POSTS)
def test_a_get_on_a_call_that_is_posted_is_405(crm, path):
    assert crm.get(path).status == 405


@pytest.mark.parametrize("path", GETS)
def test_a_post_on_a_call_that_is_got_is_405(crm, path):
    assert crm.post(path).status == 405


@pytest.mark.parametrize("path", ["Nothing.svc/Get", "ProspectActivity.svc/ActivityTypes", ""])
def test_a_wrong_path_is_404_and_no_json(crm, path):
    answer = crm.get(path)

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_paths_are_case_insensitive(crm):
    address = crm.sandbox.lead("Asha Rao").email

    answer = crm.get("leadmanagement.svc/Leads.GetByEmailAddress", emailaddress=address)

    assert [lead["FirstName"] for lead in answer.json] == ["Asha"]


def test_answers_are_json_in_utf8_without_a_wrapper(crm):
    answer = crm.get("LeadManagement.svc/Leads.GetByQuickSearch", key="العتيبي")

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "محمد".encode() in answer.body
    assert isinstance(answer.json, list)


def test_every_answer_has_a_date_by_the_sandboxs_clock(crm, sandbox):
    before = parsedate_to_datetime(crm.get(KEY_CHECK).headers["date"])

    sandbox.switch(clock_offset_seconds=600)

    after = parsedate_to_datetime(crm.get(KEY_CHECK).headers["date"])
    assert 595 <= (after - before).total_seconds() <= 605


def test_a_connection_is_kept_for_the_next_call(crm):
    connection = crm.connection()
    connection.request("GET", f"/v2/{KEY_CHECK}", headers=crm.keys)
    connection.getresponse().read()
    first = connection.sock

    connection.request("POST", "/v2/ProspectActivity.svc/Retrieve", b"", crm.keys)
    answer = connection.getresponse()
    answer.read()

    assert (answer.status, connection.sock) == (200, first)
    connection.close()


def test_a_request_that_is_not_http_gets_400(crm):
    with socket.create_connection(crm.address, timeout=5) as line:
        line.sendall(b"NONSENSE\r\n\r\n")

        heard = line.recv(1000)

    assert b"400" in heard


def test_a_content_length_that_is_no_number_gets_400(crm):
    with socket.create_connection(crm.address, timeout=5) as line:
        line.sendall(b"POST /v2/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")

        heard = line.recv(1000)

    assert heard.startswith(b"HTTP/1.1 400")


def test_a_body_of_fifty_megabytes_gets_413(crm):
    with socket.create_connection(crm.address, timeout=5) as line:
        line.sendall(b"POST /v2/x HTTP/1.1\r\nHost: x\r\nContent-Length: 52428800\r\n\r\n")

        heard = line.recv(1000)

    assert heard.startswith(b"HTTP/1.1 413")


def test_a_client_that_leaves_in_the_middle_of_its_request_harms_nobody(crm):
    with socket.create_connection(crm.address, timeout=5) as line:
        line.sendall(b"POST /v2/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[")

    assert crm.get(KEY_CHECK).status == 200


@pytest.mark.parametrize("body", [b"[{]", b"\xff\xfe[]", b"[" * 20000, b"not json"])
def test_a_body_that_is_not_json_in_utf8_is_400(crm, body):
    path = "ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"

    answer = crm.send("POST", path, body=body, opportunityId=crm.home_loan.id)

    assert answer.status == 400
    assert "Unexpected character encountered while parsing value" in answer.json["ExceptionMessage"]


def test_a_400_can_be_plain_text(crm, sandbox):
    sandbox.switch(bad_request_body="text")

    answer = crm.bulk({"ActivityEvent": 102})

    assert answer.status == 400
    assert answer.body.startswith(b"Cannot deserialize the current JSON array into type")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("content", [[], [1], {"Parameter": 1, "Columns": [], "Paging": "x"}, {"a": None}])
def test_a_body_of_a_wrong_shape_never_breaks_the_server(crm, path, content):
    answer = crm.post(path, content, opportunityId=crm.home_loan.id)

    assert answer.status in {200, 400, 500}
    assert answer.json is not None


def test_every_request_is_recorded_as_it_arrived(crm, sandbox):
    crm.bulk([crm.row(note="नमस्ते")], extra="a b")

    request = sandbox.requests[-1]
    assert (request.method, request.status) == ("POST", 200)
    assert request.path == "/v2/ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"
    assert request.query == {"opportunityId": crm.home_loan.id, "extra": "a b"}
    assert request.headers["x-lsq-accesskey"] == sandbox.access_key
    assert b"ActivityEvent" in request.body


def test_requests_carry_both_clocks(crm, sandbox):
    crm.get(KEY_CHECK)
    crm.get(KEY_CHECK)

    first, second = sandbox.requests
    assert first.arrived_at_monotonic < second.arrived_at_monotonic
    assert first.arrived_at <= second.arrived_at


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_it_listens_on_loopback_only(host):
    with pytest.raises(ValueError, match="loopback only"):
        main(["--host", host])
