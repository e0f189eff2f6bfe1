"""May this person do that? `check_…` raises with the sentence, `can_…` answers for buttons: one rule, two uses."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from activities.models import Role, Submission, User

_POSTS = {Role.POSTER, Role.ADMINISTRATOR}
_READS_ALL = {Role.AUDITOR, Role.ADMINISTRATOR}


def can_post(person: User) -> bool:
    """Whether this person may post activities."""
    return person.role in _POSTS


def check_can_post(person: User) -> None:
    """Raise PermissionDenied unless this person may post activities."""
    _check(
        can_post(person),
        "Auditors read everything and post nothing. Ask an administrator for the role Poster.",
    )


def can_read_all(person: User) -> bool:
    """Whether this person may read what everybody did."""
    return person.role in _READS_ALL


def check_can_read_all(person: User) -> None:
    """Raise PermissionDenied unless this person may read the audit log."""
    _check(
        can_read_all(person),
        "The audit log is for auditors and administrators. Your own work is in My history.",
    )


def can_administer(person: User) -> bool:
    """Whether this person may change people and look after the installation."""
    return person.role == Role.ADMINISTRATOR


def check_can_administer(person: User) -> None:
    """Raise PermissionDenied unless this person is an administrator."""
    _check(can_administer(person), "This page is for administrators.")


def can_read(person: User, submission: Submission) -> bool:
    """Whether this person may see this submission; somebody else's does not exist for a poster."""
    return submission.created_by_id == person.pk or can_read_all(person)


def can_cancel(person: User, submission: Submission) -> bool:
    """Whether this person may take this submission back while it is queued."""
    return can_post(person) and (submission.created_by_id == person.pk or can_administer(person))


def check_can_cancel(person: User, submission: Submission) -> None:
    """Raise PermissionDenied unless this person may take this submission back."""
    _check(can_cancel(person, submission), "Only its poster or an administrator can cancel a submission.")


def _check(allowed: bool, sentence: str) -> None:  # noqa: FBT001 (private, and reads well)
    if not allowed:
        raise PermissionDenied(sentence)
