"""Which address is which call. Every call that the portal makes is here, and nothing else answers."""

from __future__ import annotations

from collections.abc import Callable

from lsqportal.sandbox import bulk, metadata, opportunities, people, trails
from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal, envelope, not_found, wrong_verb

Call = Callable[[Account, Request], Answer]
BULK = "ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"

CALLS: dict[str, tuple[str, Call]] = {
    "Authentication.svc/UserByAccessKey.Get": ("GET", people.key_check),
    "LeadManagement.svc/Leads.GetByQuickSearch": ("GET", people.leads_by_quick_search),
    "LeadManagement.svc/Leads.GetByEmailaddress": ("GET", people.leads_by_email),
    "LeadManagement.svc/RetrieveLeadByPhoneNumber": ("GET", people.lead_by_phone),
    "LeadManagement.svc/Leads.GetById": ("GET", people.lead_by_id),
    "UserManagement.svc/Users.Get": ("GET", people.users),
    "UserManagement.svc/User/Retrieve/ByUserId": ("GET", people.user_by_id),
    "UserManagement.svc/User/AdvancedSearch": ("POST", people.user_search),
    "ProspectActivity.svc/ActivityTypes.Get": ("GET", metadata.activity_types),
    "ProspectActivity.svc/CustomActivity/GetActivitySetting": ("GET", metadata.activity_setting),
    "ProspectActivity.svc/ActivityField/Dropdown/Options/Get": ("POST", metadata.options),
    # [GUESS] the address of this one is not known to the sheet (§4, §19.14)
    "ProspectActivity.svc/ActivityField/DependentDropdown/Options/Get": ("POST", metadata.dependent_options),
    "ProspectActivity.svc/Retrieve": ("POST", trails.of_lead),
    "ProspectActivity.svc/GetActivityDetails": ("GET", trails.details),
    BULK: ("POST", bulk.add_by_opportunity_id),
    "OpportunityManagement.svc/GetOpportunityTypes": ("GET", metadata.opportunity_types),
    "OpportunityManagement.svc/GetOpportunityTypeMetadata": ("GET", metadata.opportunity_type),
    "OpportunityManagement.svc/GetOpportunitiesOfLead": ("POST", opportunities.of_lead),
    "OpportunityManagement.svc/GetOpportunityDetails": ("GET", opportunities.details),
    "OpportunityManagement.svc/GetOpportunitiesById": ("POST", opportunities.by_ids),
    "OpportunityManagement.svc/GetActivitiesOfOpportunity": ("POST", trails.of_opportunity),
}
# [SEEN] paths are case-insensitive in at least one case: leadsquared-api §0
BY_PATH = {f"/v2/{path}".lower(): call for path, call in CALLS.items()}


def answered(account: Account, request: Request) -> Answer:
    """The answer to a call that was let in."""
    verb, call = BY_PATH.get(request.path.lower(), (None, None))
    if call is None:
        return not_found()
    if request.method != verb:
        return wrong_verb()
    try:
        return call(account, request)
    except Refusal as refusal:
        return _in_words(account, refusal)
    except (AttributeError, KeyError, TypeError, ValueError):
        # [SEEN] generic server fault, often a wrong body shape: leadsquared-api §15
        return envelope("NullReferenceException", "There was an error processing the request.", status=500)


def _in_words(account: Account, refusal: Refusal) -> Answer:
    if refusal.status == 400 and refusal.exception_type is None and account.switches.word("bad_request_body") == "text":
        return Answer(400, refusal.message.encode(), "text/plain; charset=utf-8")
    return envelope(refusal.exception_type, refusal.message, status=refusal.status)
