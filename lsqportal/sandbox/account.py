"""The pretended LeadSquared account: what it holds, how it behaves, whose keys it knows, what its clock says.

One of these is handed to every call; it is the only thing that calls share.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from dataclasses import dataclass, field

from lsqportal.sandbox import demo
from lsqportal.sandbox.answers import Refusal, as_time
from lsqportal.sandbox.limits import Limits
from lsqportal.sandbox.records import User
from lsqportal.sandbox.store import Store
from lsqportal.sandbox.switches import Setting, Switches

# The access key has a $, as real ones do: it must survive .env files and query strings (leadsquared-api §13).
ACCESS_KEY = "u$rSANDBOXACCESSKEY"
SECRET_KEY = "sandbox-secret-0f3c9a71"


@dataclass(frozen=True)
class Request:
    """What a call may look at. `alterations` are what a fault wants done differently."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    alterations: dict[str, str] = field(default_factory=dict)

    def id_in(self, name: str) -> str:
        """An id from the query; GUIDs are written in either case."""
        return self.query.get(name, "").strip().lower()

    def parsed(self) -> object:
        """The JSON body, None when it is empty."""
        try:
            text = self.body.decode("utf-8")
            return json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            # [SEEN] also for a body that is not UTF-8: leadsquared-api §0
            start = self.body[:1].decode("latin-1")
            said = f"Unexpected character encountered while parsing value: {start}. Path '', line 0, position 0."
            raise Refusal(None, said, status=400) from None

    def parsed_object(self) -> dict[str, object]:
        """The JSON body as an object, empty when there is none."""
        content = self.parsed()
        if content is None:
            return {}
        if not isinstance(content, dict):
            # [SEEN] leadsquared-api §15
            raise Refusal(None, "Cannot deserialize the current JSON array into type 'SearchParameter'", status=400)
        return content


class Account:
    """See the module."""

    def __init__(self, path: str, *, access_key: str, secret_key: str, **defaults: Setting) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.url = ""
        self.store = Store(path, demo.contents)
        self.switches = Switches(**defaults)
        for name, value in json.loads(self.store.setting("switches") or "{}").items():
            with contextlib.suppress(ValueError):  # a file from before a switch was renamed still opens
                self.switches.set({name: value})
        self.limits = Limits(self.switches)

    def switch(self, settings: dict[str, object]) -> None:
        """Turn switches, and remember them: an account keeps its habits over a restart."""
        self.switches.set(settings)
        self.store.keep_setting("switches", json.dumps(self.switches.changed()))

    def clear(self) -> None:
        self.switches.reset()
        self.limits.clear()
        self.store.keep_setting("switches", "{}")

    def real_time(self) -> float:
        """The machine's clock, in seconds since 1970: for ages, which no offset may change."""
        return time.time()

    def now(self) -> float:
        """The account's clock, as its Date headers and CreatedOn show it."""
        return time.time() + self.switches.number("clock_offset_seconds")

    def now_text(self) -> str:
        return as_time(self.now())

    def new_id(self) -> str:
        return str(uuid.uuid4())

    @property
    def key_user(self) -> User:
        return self.store.users[demo.KEY_USER_ID]

    def check_keys(self, access_key: str | None, secret_key: str | None) -> None:
        """Raises: Refusal 401 for keys that are wrong, or whose user is inactive."""
        if (access_key, secret_key) != (self.access_key, self.secret_key) or not self.key_user.active:
            # [SEEN] leadsquared-api §13; [DOC] deactivating the user kills the keys
            raise Refusal("MXInvalidAccessDetailsException", "Invalid Access Details provided.", status=401)

    def user_name(self, user_id: str) -> str:
        user = self.store.users.get(user_id)
        return user.name if user else ""
