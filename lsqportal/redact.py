"""A log filter: what must never be read in a log is replaced before any handler sees it."""

from __future__ import annotations

import logging
import traceback

from django.conf import settings


class Redact(logging.Filter):
    """Replaces the keys of LeadSquared and Django's secret in messages, arguments and tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and always let it pass."""
        record.msg, record.args = self.clean(record.getMessage()), None
        if record.exc_info:
            record.exc_text = self.clean("".join(traceback.format_exception(*record.exc_info)).rstrip())
        elif record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        return True

    def clean(self, text: str) -> str:
        """Return `text` with every secret replaced by [redacted]."""
        for secret in (settings.LSQ_SECRET_KEY, settings.LSQ_ACCESS_KEY, settings.SECRET_KEY):
            if secret:
                text = text.replace(secret, "[redacted]")
        return text
