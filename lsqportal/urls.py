"""Routes of the installation: the product at the root, and its pages for what goes wrong."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("activities.urls"))]

handler400 = "activities.views.problems.bad_request"
handler403 = "activities.views.problems.forbidden"
handler404 = "activities.views.problems.not_found"
handler500 = "activities.views.problems.server_error"
