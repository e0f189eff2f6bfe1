"""The portal's addresses, and two admins'."""

from __future__ import annotations

from django.contrib.admin import AdminSite, ModelAdmin
from django.urls import path

from activities.models import ListedRow
from lsqportal.urls import urlpatterns as of_the_portal


class Everybody(AdminSite):
    """Lets in whoever is signed in: what is measured is the list."""

    def has_permission(self, request):
        return True


class Rows(ModelAdmin):
    """Shows what the portal's list shows."""

    list_display = ("submitted_at", "created_by", "code", "opportunity", "owner", "note", "outcome")
    list_select_related = ("row", "submission", "created_by")
    search_fields = ("row__note", "row__type_name", "submission__opportunity_name", "submission__lead_name", "owner")
    ordering = ("-place",)
    list_per_page = 50
    actions = None

    def opportunity(self, line):
        return line.submission.opportunity_name

    def note(self, line):
        return line.row.note

    def has_view_permission(self, request, obj=None):
        return True

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    has_module_permission = has_view_permission

    def lookup_allowed(self, *arguments, **more):
        return True


class Uncounted(Rows):
    """As its documentation says for large tables."""

    show_full_result_count = False


counted, uncounted = Everybody(name="admin"), Everybody(name="admin-uncounted")
counted.register(ListedRow, Rows)
uncounted.register(ListedRow, Uncounted)
urlpatterns = [
    *of_the_portal,
    path("admin/", counted.urls),
    path("admin-uncounted/", uncounted.urls),
]
