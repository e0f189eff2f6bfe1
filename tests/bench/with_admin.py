"""The portal's settings with Django's admin beside it: for `make bench-audit` alone."""

from __future__ import annotations

from lsqportal.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin", "tests.bench.admin_beside"]  # noqa: F405
ROOT_URLCONF = "tests.bench.admin_beside.urls"
