"""The sandbox in the test's own process: the same server on a real port, its data in memory."""

from __future__ import annotations

from types import TracebackType

from lsqportal.sandbox.account import ACCESS_KEY, SECRET_KEY, Account
from lsqportal.sandbox.controls import Controls
from lsqportal.sandbox.faults import Option
from lsqportal.sandbox.large import enlarge
from lsqportal.sandbox.records import Activity, ActivityType, Lead, Opportunity, ReceivedRequest, User
from lsqportal.sandbox.server import Server
from lsqportal.sandbox.switches import Setting


class Sandbox:
    """A LeadSquared look-alike for as long as a `with` block lasts. Switches may be given at the start."""

    def __init__(
        self,
        *,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
        path: str = ":memory:",
        port: int = 0,
        **switches: Setting,
    ) -> None:
        self._account = Account(path, access_key=access_key, secret_key=secret_key, **switches)
        self._controls = Controls(self._account)
        self._server = Server(self._controls, port=port)
        self.url = self._server.url
        self.access_key = access_key
        self.secret_key = secret_key

    def __enter__(self) -> Sandbox:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._account.store.close()

    # How it behaves

    def switch(self, **settings: Setting) -> None:
        """Turn switches (switches.TABLE). Raises: ValueError for one, or a value, that there is not."""
        self._account.switch(dict(settings))

    def fault(
        self,
        name: str,
        *,
        times: int = 1,
        path_contains: str | None = None,
        after: int = 0,
        **options: Option,
    ) -> None:
        """Arm a fault for the next requests whose path contains that (by default: the fault's own path)."""
        self._controls.fault(name, times=times, path_contains=path_contains, after=after, options=options)

    def release(self) -> None:
        """Let every fault that waits go on now: what is written late is written when this returns."""
        self._controls.waiting.release()

    def clear(self) -> None:
        """Faults, switches and recorded requests back to the beginning."""
        self._controls.clear()

    def reset(self) -> None:
        """The same, and the account as it was seeded."""
        self._controls.reset()

    def enlarge(self, *, types: int, fields: int, users: int) -> None:
        """Have many activity types, one with many fields, and many users, until the next reset."""
        enlarge(self._account.store, types=types, fields=fields, users=users)

    # What it holds

    @property
    def requests(self) -> list[ReceivedRequest]:
        return list(self._controls.received)

    def activities(self, opportunity_id: str | None = None) -> list[Activity]:
        """Every activity that is stored, the seeded ones too, oldest first."""
        return self._account.store.activities(opportunity_id=opportunity_id)

    def posted(self, opportunity_id: str | None = None) -> list[Activity]:
        """Those that were not there from the beginning."""
        return [each for each in self.activities(opportunity_id) if not each.seeded]

    @property
    def users(self) -> list[User]:
        return list(self._account.store.users.values())

    @property
    def key_user(self) -> User:
        return self._account.key_user

    @property
    def leads(self) -> list[Lead]:
        return list(self._account.store.leads.values())

    @property
    def opportunities(self) -> list[Opportunity]:
        return list(self._account.store.opportunities.values())

    @property
    def activity_types(self) -> list[ActivityType]:
        """The activity types and, from 12000, the opportunity types."""
        return list(self._account.store.activity_types.values())

    def user(self, email: str) -> User:
        return next(each for each in self.users if each.email == email)

    def lead(self, name: str) -> Lead:
        return next(each for each in self.leads if each.name == name)

    def opportunity(self, lead_name: str, name: str | None = None) -> Opportunity:
        """An opportunity of a lead by its name; the lead's first when no name is given."""
        lead_id = self.lead(lead_name).id
        return next(each for each in self.opportunities if each.lead_id == lead_id and name in {None, each.name})

    def activity_type(self, code: int) -> ActivityType:
        return next(each for each in self.activity_types if each.code == code)

    # What others do to it meanwhile

    def change(self, record: User | Lead | Opportunity | ActivityType) -> None:
        """Replace a record by its new form (dataclasses.replace makes one), or add it."""
        self._account.store.change(record)

    def rewrite(self, activity: Activity) -> None:
        """Replace an activity by its new form (dataclasses.replace makes one)."""
        self._account.store.rewrite(activity)

    def delete(self, activity: Activity) -> None:
        """Remove an activity."""
        self._account.store.delete(activity.id)

    def add_activity(
        self,
        opportunity_id: str,
        *,
        code: int,
        note: str = "",
        owner_email: str,
        created_by_email: str | None = None,
        values: dict[str, str] | None = None,
    ) -> Activity:
        """An activity that somebody made without the API, at this moment."""
        opportunity = self._account.store.opportunities[opportunity_id]
        activity = Activity(
            self._account.new_id(),
            opportunity.lead_id,
            opportunity_id,
            code,
            note,
            owner_email,
            created_by_email or owner_email,
            self._account.now_text(),
            values or {},
            written_at=self._account.real_time(),
        )
        self._account.store.add([activity])
        return activity
