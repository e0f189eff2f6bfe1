"""Static files under hashed names, inside our ES modules too: no deploy mixes new modules with old ones."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # has no types
    """Rewrites `import "./x.js";` in static/js/ to the hashed name; other scripts stay as they are."""

    support_js_module_import_aggregation = True
    # Django would take "*.js" and stumble over import("…") in comments of htmx's own files. The name is
    # private to Django: tests/house/test_static_modules.py notices when it goes.
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
