"""The best epoch is found without the rest of the journal, and is that of the record."""

from pathlib import Path

import pytest

from fitmon.engine import events
from fitmon.engine.runs.best_epoch import best_epoch
from fitmon.engine.runs.journal_line import JournalEvent
from fitmon.engine.runs.replay import replay_journal
from tests.engine.runs.made_up_runs import branch, create, epoch, settings

RESUMED = events.RunResumed(epochs_done=1, exact=True)


@pytest.mark.parametrize(
    ("journal", "best"),
    [
        pytest.param([], None, id="no epoch"),
        pytest.param([epoch(1, float("nan"))], None, id="no finite loss"),
        pytest.param([epoch(1, 0.5), epoch(2, 0.4), epoch(3, 0.4)], 2, id="the first of equals"),
        pytest.param([epoch(1, 0.5, penalty=0.0), epoch(2, 0.6, penalty=0.3)], 2, id="without the penalty"),
        pytest.param([epoch(1, 0.5), epoch(2, 0.1), RESUMED, epoch(2, 0.4)], 2, id="trained again after a resume"),
        pytest.param([epoch(1, 0.5), epoch(2, 0.1), RESUMED, epoch(2, 0.9)], 1, id="trained again and worse"),
    ],
)
def test_it_is_the_best_epoch_of_the_record(tmp_path: Path, journal: list[JournalEvent], best: int | None) -> None:
    folder = create(tmp_path, "run", *(journal or [RESUMED]))
    found = best_epoch(folder.journal_path)
    assert found == replay_journal(folder).record.best
    assert (found and found.epoch) == best


def test_it_may_be_in_a_branch_that_was_left_but_not_one_lost_in_a_resume(tmp_path: Path) -> None:
    journal: list[JournalEvent] = [
        epoch(1, 0.5),
        epoch(2, 0.2),
        branch(2, 1, 1, settings()),
        epoch(2, 0.3),
        epoch(3, 0.1),
        RESUMED,
    ]
    found = best_epoch(create(tmp_path, "run", *journal).journal_path)
    assert found is not None
    assert (found.epoch, found.value) == (2, 0.2)
