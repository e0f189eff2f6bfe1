"""The activity types and opportunity types of Sahyadri Housing Finance, a lender that does not exist.

25 activity types use every kind of field; 102 and 208 are those of the vendor's own example and take it as
it stands.
"""

from __future__ import annotations

from lsqportal.sandbox import demo_fields as f
from lsqportal.sandbox.records import ActivityType, Field

OUTCOMES = ("Met applicant", "Met co-applicant", "Not at home", "Refused")
ADDRESSES = ("Current residence", "Permanent residence", "Office")
LANGUAGES = ("Marathi", "Hindi", "English", "Urdu", "Arabic", "Kannada")
CALL_REASONS = {
    "Not reachable": ("Switched off", "No answer", "Wrong number"),
    "Spoke to applicant": (
        "Will submit documents",
        "Wants a lower rate",
        "Not interested now",
        "Asked to call back",
    ),
    "Spoke to co-applicant": ("Will submit documents", "Passed on to applicant"),
}
DOCUMENTS = (
    "Income tax return 2025-26",
    "Salary slips (3 months)",
    "Sale agreement",
    "Bank statement (6 months)",
    "PAN card",
    "Aadhaar",
    "Form 16",
    "Occupancy certificate",
)
BRANCHES = ("Pune, Baner", "Pune, Camp", "Mumbai, Andheri", "Nashik", "Kolhapur", "Goa, Panaji", "Dubai desk")
COMPLAINTS = {
    "Service": ("Delay in sanction", "Rude behaviour", "No call back"),
    "Charges": ("Processing fee", "Foreclosure fee", "Insurance premium"),
    "Documents": ("Lost original", "Wrong statement"),
}
COUNTRIES = ("United Arab Emirates", "Saudi Arabia", "Qatar", "Oman", "Kuwait", "United Kingdom")
STAGES = {
    "Open": ("New enquiry", "Login done", "KYC pending", "Legal and technical", "Sanctioned"),
    "Won": ("Disbursed",),
    "Lost": ("Rejected by credit", "Withdrawn"),
}
OPPORTUNITY_NAMES = {
    12000: "Home loan",
    12001: "Balance transfer",
    12002: "Loan against property",
    12003: "Personal loan",
    12004: "NRI home loan",
    12005: "Plot loan",
    12006: "Top-up loan",
}
PRODUCTS = (
    "Sahyadri Griha 8.35",
    "Sahyadri Griha Women 8.30",
    "Sahyadri NRI Griha",
    "Sahyadri Top-up",
    "Sahyadri LAP",
    "Griha Suraksha insurance",
)

KYC_VISIT = (
    f.choice(1, "Visit outcome", OUTCOMES, in_set=True),
    f.text(2, "PAN number", max_length=50),
    f.date_time(3, "Visited on"),
    f.choices(4, "Originals seen", ("PAN card", "Aadhaar", "Passport", "Voter ID")),
    f.choice(5, "Address visited", ADDRESSES),
    f.number(6, "Distance from the branch (km)"),
    f.phone(7, "Neighbour’s phone", rendered=True),
    f.yes_no(8, "Second visit needed before sanction"),
    f.reference(9),
)
FOLLOW_UP_CALL = (
    f.choice(1, "Call outcome", tuple(CALL_REASONS), mandatory=True, in_set=True),
    f.dependent(2, "Reason", 1, CALL_REASONS, mandatory=True),
    f.date_time(3, "Call back on"),
    f.choice(4, "Language spoken", LANGUAGES),
    f.number(5, "Amount promised (₹)"),
    f.choice(6, "Campaign", ("Festive balance transfer", "None"), in_set=True),
    f.reference(7),
)
DOCUMENT_COLLECTION = (
    f.choice(1, "Document", DOCUMENTS, mandatory=True),
    f.choice(2, "Received as", ("Original", "Self-attested copy", "DigiLocker"), mandatory=True, in_set=True),
    f.date_only(3, "Collected on", mandatory=True),
    f.number(4, "Pages"),
    f.text(5, "Document management file number"),
    f.url(6, "DigiLocker link", rendered=True),
    f.reference(8),
)
LOAN_APPRAISAL = (
    f.number(1, "Declared monthly net salary (₹)", mandatory=True),
    f.number(2, "Other monthly income, rent included (₹)"),
    f.number(3, "Total monthly obligations as per bureau report (₹)", mandatory=True),
    f.choice(4, "Residence ownership", ("Owned", "Rented", "Family owned"), mandatory=True, in_set=True),
    f.number(5, "Years at the current address"),
    f.text(6, "Reference 1, name"),
    f.phone(7, "Reference 1, phone"),
    f.text(8, "Reference 2, name"),
    f.phone(9, "Reference 2, phone"),
    f.number(10, "Property age (years)"),
    f.number(11, "Carpet area (sq ft)"),
    f.long_text(12, "Reason for deviation from the credit policy, where there is one"),
    f.url(13, "Valuer’s report link"),
    f.choice(14, "Branch", BRANCHES),
    f.date_only(15, "Site inspection on"),
    f.choice(16, "Stage of construction", ("Plinth", "Slab", "Finishing", "Ready"), in_set=True),
    f.text(17, "Builder’s project code"),
    f.text(18, "RERA number", max_length=30),
    f.long_text(19, "Remarks for the credit committee"),
)
VALUATION = (
    f.field_set(
        1,
        "Valuer",
        f.text(1, "Valuer’s name", mandatory=True),
        f.phone(2, "Valuer’s phone"),
        f.choice(3, "Empanelled at", BRANCHES),
        f.date_only(4, "Empanelled since"),
    ),
    f.number(2, "Value as per valuer (₹)", mandatory=True),
    f.date_only(3, "Valued on"),
    f.url(4, "Report link"),
    f.other(5, "Position of the property", "GeoLocation"),
)
COMPLAINT = (
    f.choice(1, "Area", tuple(COMPLAINTS), mandatory=True),
    f.dependent(2, "Complaint", 1, COMPLAINTS, mandatory=True),
    f.long_text(3, "In the customer’s words"),
    f.active_user(4, "Taken up by"),
    f.yes_no(5, "Escalated to the ombudsman"),
)
NRI_CHECK = (
    f.choice(1, "Country of residence", COUNTRIES, mandatory=True),
    f.text(2, "Passport number", max_length=20),
    f.date_only(3, "Visa valid until"),
    f.phone(4, "Phone abroad"),
    f.email(5, "Employer’s e-mail"),
    f.active_user(6, "NRI desk officer"),
    f.other(7, "Iris scan", "BiometricTemplate"),
    f.reference(10),
)
FIELD_INVESTIGATION = (
    f.time_only(1, "Reached at"),
    f.other(2, "Where", "GeoLocation"),
    f.choices(3, "Asked", ("Neighbour", "Guard", "Shop")),
    f.yes_no(4, "Name plate seen", mandatory=True),
    f.other(5, "Photo", "File"),
    f.other(6, "Days since the call", None),
    f.reference(7),
)
AMOUNT, ON = f.number(1, "Amount (₹)", mandatory=True), f.date_only(2, "On", mandatory=True)
TYPES: tuple[tuple[int, str, tuple[Field, ...]], ...] = (
    (102, "Meeting", (f.text(1, "Place"), f.date_time(2, "Met on"), f.choice(3, "Branch", BRANCHES))),
    (
        201,
        "Branch visit",
        (f.choice(1, "Branch", BRANCHES, in_set=True), f.active_user(2, "Attended by")),
    ),
    (
        204,
        "Site visit",
        (f.choice(1, "Outcome", ("Interested", "Not interested")), f.date_time(4, "Visited on")),
    ),
    (208, "KYC visit", KYC_VISIT),
    (211, "E-mail to customer", (f.email(1, "Sent to", rendered=True), f.long_text(2, "Gist"))),
    (214, "Follow-up call", FOLLOW_UP_CALL),
    (217, "File login", (f.product(1, "Product"), ON, f.yes_no(3, "Login fee paid"))),
    (
        219,
        "Legal opinion",
        (f.text(1, "Advocate"), ON, f.yes_no(3, "Title clear"), f.long_text(4, "Opinion")),
    ),
    (222, "Technical valuation", VALUATION),
    (225, "Credit query", (f.long_text(1, "Query", mandatory=True), f.active_user(2, "Asked by"))),
    (228, "Sanction letter", (AMOUNT, ON, f.number(3, "Rate (%)"), f.number(4, "Months"))),
    (231, "Document collection", DOCUMENT_COLLECTION),
    (234, "Disbursement request", (AMOUNT, ON, f.product(3, "Product"), f.active_user(4, "Approver"))),
    (237, "Part disbursement", (AMOUNT, ON, f.choice(3, "Stage", ("Plinth", "Slab", "Finishing")))),
    (240, "Mortgage registration", (f.text(1, "Registration number", mandatory=True), ON)),
    (
        243,
        "Insurance offer",
        (f.product(1, "Policy"), f.choices(2, "Covers", ("Life", "Property", "Job loss"), in_set=False)),
    ),
    (246, "Loan appraisal", LOAN_APPRAISAL),
    (
        249,
        "Co-applicant added",
        (f.text(1, "Name", mandatory=True), f.email(2, "E-mail"), f.phone(3, "Phone")),
    ),
    (
        252,
        "Builder call",
        (
            f.text(1, "Project"),
            f.url(2, "Project’s page"),
            f.choice(3, "Outcome", ("Listed", "Declined")),
        ),
    ),
    (255, "Welcome call", (f.choice(1, "Language", LANGUAGES), f.yes_no(2, "Mandate explained"))),
    (258, "Complaint", COMPLAINT),
    (
        261,
        "Foreclosure request",
        (ON, AMOUNT, f.choice(3, "Why", ("Own funds", "Balance transfer"), in_set=True)),
    ),
    (
        264,
        "Balance transfer letter",
        (f.text(1, "From bank", mandatory=True), f.date_only(2, "Valid until")),
    ),
    (267, "NRI document check", NRI_CHECK),
    (270, "Field investigation", FIELD_INVESTIGATION),
)

# Where the account enables a type for some opportunity types only (switch types_per_opportunity).
ENABLED_FOR = {267: (12004,), 264: (12001,), 237: (12000, 12004, 12005)}


def activity_types() -> list[ActivityType]:
    """The activity types followed by the opportunity types, as ActivityTypes.Get lists them."""
    own = [
        ActivityType(f"aaaaaaaa-0000-4000-8000-{code:012}", code, name, fields, ENABLED_FOR.get(code, ()))
        for code, name, fields in TYPES
    ]
    return own + [
        ActivityType(f"aaaaaaaa-0000-4000-8000-{code:012}", code, name, OPPORTUNITY_FIELDS)
        for code, name in OPPORTUNITY_NAMES.items()
    ]


# [DOC + SEEN] name in mx_Custom_1 and mandatory, stage in mx_Custom_2 dependent on Status: leadsquared-api §8
OPPORTUNITY_FIELDS = (
    f.text(1, "Opportunity name", mandatory=True),
    f.dependent(2, "Stage", "Status", STAGES),
    f.number(3, "Amount (₹)"),
)
