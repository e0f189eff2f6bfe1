"""Two savers of one draft: the second is told, and nothing is overwritten that it does not know of."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from activities import drafts
from activities.drafts import Conflict, Page
from activities.models import Draft
from activities.models.submissions import State
from tests.builders import NOON, OPPORTUNITY, a_draft, a_submission

LOAN = {"id": OPPORTUNITY, "name": "Asha Rao – Home loan"}
LATER = NOON + timedelta(minutes=2)


def notes(*texts: str) -> dict:
    return {"rows": [{"note": text} for text in texts], "skip_option_check": False}


def save(draft_id, owner, *texts, **page):
    return drafts.save(draft_id, owner=owner, opportunity=LOAN, content=notes(*texts), page=Page(**page), now=LATER)


def keep(draft_id, owner, *texts, **page):
    return drafts.keep(draft_id, owner=owner, opportunity=LOAN, content=notes(*texts), page=Page(**page), now=LATER)


def noted(draft: Draft) -> list[str]:
    draft.refresh_from_db()
    return [row["note"] for row in draft.content["rows"]]


either = pytest.mark.parametrize("way", [save, keep], ids=["by a press", "by itself"])


@either
class TestSaving:
    def test_over_the_version_that_the_page_knows_makes_the_next_one(self, asha, way):
        draft = a_draft(asha)

        kept = way(draft.public_id, asha, "new words", version=draft.version)

        assert noted(draft) == ["new words"]
        assert kept.version == draft.version == 2
        assert kept.updated_at == LATER

    def test_over_a_version_that_the_page_does_not_know_is_a_conflict(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "at home", version=1)

        with pytest.raises(Conflict) as conflict:
            way(draft.public_id, asha, "at the office", version=1)

        assert noted(draft) == ["at home"]
        assert conflict.value.draft == draft
        assert conflict.value.draft.updated_at == LATER

    def test_over_what_the_same_page_saved_needs_no_answer_first(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "typed", version=1, edited_in="page-a", edit_number=1)

        way(draft.public_id, asha, "typed on", version=1, edited_in="page-a", edit_number=2)

        assert noted(draft) == ["typed on"]

    def test_of_an_older_state_of_the_same_page_changes_nothing(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "newer", version=1, edited_in="page-a", edit_number=2)

        kept = way(draft.public_id, asha, "older", version=1, edited_in="page-a", edit_number=1)

        assert noted(draft) == ["newer"]
        assert kept.version == 2

    def test_of_an_older_state_changes_nothing_after_the_page_went_back_to_what_was_saved(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "first", version=1, edited_in="page-a", edit_number=1)
        way(draft.public_id, asha, "first", version=1, edited_in="page-a", edit_number=3)

        way(draft.public_id, asha, "between", version=1, edited_in="page-a", edit_number=2)

        assert noted(draft) == ["first"]

    def test_by_another_page_between_is_a_conflict_for_the_first(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "a", version=1, edited_in="page-a", edit_number=1)
        way(draft.public_id, asha, "b", version=2, edited_in="page-b", edit_number=1)

        with pytest.raises(Conflict):
            way(draft.public_id, asha, "a again", version=2, edited_in="page-a", edit_number=2)

        assert noted(draft) == ["b"]

    def test_two_pages_without_names_are_two_pages(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "a", version=1)

        with pytest.raises(Conflict):
            way(draft.public_id, asha, "b", version=1)

    def test_what_stands_there_already_is_no_conflict_and_no_new_version(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "the same", version=1)

        kept = way(draft.public_id, asha, "the same", version=1)

        assert kept.version == 2

    def test_what_stands_there_already_still_says_which_save_it_was(self, asha, way):
        draft = a_draft(asha)
        way(draft.public_id, asha, "the same", version=1, edited_in="page-a", edit_number=1)

        kept = way(draft.public_id, asha, "the same", version=2, edited_in="page-a", edit_number=4)

        draft.refresh_from_db()
        assert (kept.version, kept.edit_number, draft.edit_number) == (2, 4, 4)

    def test_another_opportunity_counts_as_a_change(self, asha, way):
        draft = a_draft(asha, content=notes("x"))

        kept = way(draft.public_id, asha, "x", version=1)

        assert kept.version == 2
        assert kept.opportunity == LOAN

    def test_for_the_first_time_makes_the_draft(self, asha, way):
        public_id = uuid.uuid4()

        kept = way(public_id, asha, "first words", edited_in="page-a", edit_number=4)

        assert (kept.public_id, kept.version, kept.edited_in, kept.edit_number) == (public_id, 1, "page-a", 4)

    def test_for_the_first_time_twice_makes_one_draft(self, asha, way):
        public_id = uuid.uuid4()
        way(public_id, asha, "first words", edited_in="page-a", edit_number=1)

        way(public_id, asha, "second words", edited_in="page-a", edit_number=2)

        assert noted(Draft.objects.get()) == ["second words"]

    def test_somebody_elses_is_never_touched(self, asha, bala, way):
        theirs = a_draft(bala, content=notes("theirs"))

        kept = way(theirs.public_id, asha, "mine")

        assert noted(theirs) == ["theirs"]
        assert kept.owner == asha


class TestADraftThatIsGone:
    def test_because_it_was_submitted_is_not_kept_by_itself(self, asha):
        submission = a_submission(asha, state=State.QUEUED)

        with pytest.raises(Conflict) as conflict:
            keep(submission.public_id, asha, "typed on", version=3)

        assert conflict.value.submission == submission
        assert not Draft.objects.exists()

    def test_because_it_was_discarded_is_not_kept_by_itself(self, asha):
        with pytest.raises(Conflict) as conflict:
            keep(uuid.uuid4(), asha, "typed on", version=3)

        assert (conflict.value.draft, conflict.value.submission) == (None, None)
        assert not Draft.objects.exists()

    def test_comes_back_when_somebody_presses_a_button(self, asha):
        public_id = uuid.uuid4()

        assert save(public_id, asha, "pressed", version=3).public_id == public_id


class TestADraftOfItsOwn:
    def test_leaves_the_first_as_it_is(self, asha):
        draft = a_draft(asha, content=notes("at home"))

        own = drafts.save_apart(
            draft.public_id, owner=asha, opportunity=LOAN, content=notes("at the office"), page=Page(version=1)
        )

        assert own.public_id != draft.public_id
        assert noted(own) == ["at the office"]
        assert noted(draft) == ["at home"]

    def test_is_one_however_often_it_is_asked_for(self, asha):
        draft = a_draft(asha)
        page = Page(version=1, edited_in="page-a", edit_number=5)
        wanted = {"owner": asha, "opportunity": LOAN, "content": notes("x"), "page": page}

        assert drafts.save_apart(draft.public_id, **wanted) == drafts.save_apart(draft.public_id, **wanted)

    def test_follows_what_the_first_follows(self, asha):
        submission = a_submission(asha, state=State.POSTED)
        draft = a_draft(asha, follows=submission)

        own = drafts.save_apart(draft.public_id, owner=asha, opportunity=LOAN, content=notes("x"), page=Page())

        assert own.follows == submission


@pytest.mark.parametrize(
    ("posted", "known"),
    [
        (("3", "page-a", "7"), Page(version=3, edited_in="page-a", edit_number=7)),
        (("", "", ""), Page()),
        (("-1", "x" * 100, "1e3"), Page(edited_in="x" * 36)),
        (("99999999999", "", "٣"), Page()),
        (("2147483648", "", "2147483647"), Page(edit_number=2147483647)),
    ],
)
def test_what_a_page_says_that_it_knows_is_read_with_care(posted, known):
    assert drafts.page(*posted) == known
