"""The map of the site; each name is the view of the same name in the views module of its section."""

from __future__ import annotations

from django.urls import include, path

from activities.views import (
    account,
    audit,
    exports,
    history,
    keeping,
    opportunities,
    people,
    status,
    submissions,
    suggestions,
)

opportunity_urls = [
    path("", opportunities.pick, name="pick"),
    path("opportunities/find/", opportunities.find, name="find"),
    path("opportunities/of-lead/", opportunities.of_lead, name="of_lead"),
    path("opportunities/latest/", opportunities.latest, name="latest"),
    path("opportunities/pin/", opportunities.pin, name="pin"),
]
submission_urls = [
    path("new/", submissions.new, name="new"),
    path("owners.json", suggestions.users, name="owners"),
    path("new/keep/", keeping.keep, name="keep"),
    path("<uuid:public_id>/", submissions.detail, name="detail"),
    path("<uuid:public_id>/progress/", submissions.progress, name="progress"),
    path("<uuid:public_id>/review/", submissions.review, name="review"),
    path("<uuid:public_id>/cancel/", submissions.cancel, name="cancel"),
    path("<uuid:public_id>/copy/", submissions.copy, name="copy"),
    path("<uuid:public_id>/retry/", submissions.retry, name="retry"),
    path("<uuid:public_id>/look-again/", submissions.look_again, name="look_again"),
    path("<uuid:public_id>/decide/", submissions.decide, name="decide"),
    path("<uuid:public_id>/discard/", submissions.discard, name="discard"),
]
history_urls = [
    path("", history.mine, name="mine"),
    path("activities/", history.activities, name="activities"),
    path("charts/", history.charts, name="charts"),
]
audit_urls = [
    path("", audit.log, name="log"),
    path("activities/", audit.activities, name="activities"),
    path("charts/", audit.charts, name="charts"),
    path("entries/", audit.entries, name="entries"),
]
export_urls = [
    path("", exports.mine, name="mine"),
    path("progress/", exports.progress, name="progress"),
    path("take/<slug:source>/", exports.take, name="take"),
    path("<uuid:public_id>/cancel/", exports.cancel, name="cancel"),
    path("<uuid:public_id>/download/", exports.download, name="download"),
]
people_urls = [
    path("", people.everybody, name="everybody"),
    path("add/", people.add, name="add"),
    path("<int:pk>/", people.edit, name="edit"),
    path("<int:pk>/one-time-password/", people.one_time_password, name="one_time_password"),
]
account_urls = [
    path("", account.detail, name="detail"),
    path("password/", account.password, name="password"),
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
]
status_urls = [
    path("", status.detail, name="detail"),
    path("refresh/", status.refresh, name="refresh"),
]

urlpatterns = [
    path("", include((opportunity_urls, "opportunities"))),
    path("submissions/", include((submission_urls, "submissions"))),
    path("history/", include((history_urls, "history"))),
    path("audit/", include((audit_urls, "audit"))),
    path("exports/", include((export_urls, "exports"))),
    path("people/", include((people_urls, "people"))),
    path("account/", include((account_urls, "account"))),
    path("status/", include((status_urls, "status"))),
    path("healthz", status.healthz, name="healthz"),
]
