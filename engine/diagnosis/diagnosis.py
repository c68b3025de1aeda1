"""Runs all rules with patience: a finding comes and goes only when several checks in a row agree."""

from __future__ import annotations

import msgspec
import numpy as np

from fitmon.engine.arrays import ANY_LENGTH, Arrays, Saved
from fitmon.engine.diagnosis import failed_checks
from fitmon.engine.diagnosis.data.rules import DATA_RULES
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import window_of
from fitmon.engine.diagnosis.fit.rules import FIT_RULES
from fitmon.engine.diagnosis.presentation import presented
from fitmon.engine.diagnosis.rules import RULES
from fitmon.engine.errors import DataError
from fitmon.engine.finding import Finding

EACH_EPOCH_UNTIL = 100
CHECKS_PER_RUN = 100
"""After that, rules are checked about once per hundredth of the epochs so far."""
WITHOUT_A_VERDICT = frozenset({"too_early", "undecided"})
"""Shown only while there is no verdict."""
MOMENTARY = frozenset(
    {"dead_units", "inference_differs", "saturated_outputs", "validation_looks_better", "worse_than_guessing"}
)
"""Not verdicts: they describe the last epochs and go with them."""
OF_DATA_ALONE = frozenset(rule.name for rule in DATA_RULES if rule.patience == 1)
"""Found in data and model before anything is trained."""
VERDICTS = frozenset(rule.name for rule in FIT_RULES) - WITHOUT_A_VERDICT - MOMENTARY
LOSSES = ("loss", "val_loss")


class _RuleState(msgspec.Struct):
    """What is known of one rule."""

    finding: Finding | None = None
    """The current finding; None: there is none."""
    disagreements: int = msgspec.field(default=0, name="against")
    """Checks in a row that said otherwise."""
    first_epoch: int = 0
    """The epoch after which it was first found; 0: never, or before the first."""


class Diagnosis:
    """The current findings of a run."""

    def __init__(self, rules: tuple[Rule, ...] = RULES, *, strict: bool = False) -> None:
        """Start without findings.

        Args:
            rules: those to check.
            strict: whether a rule that raises ends the run; else it is logged, reported as a finding and left out.
        """
        self._rules, self._strict = rules, strict
        self._rules_by_name = {rule.name: rule for rule in rules}
        self._states: dict[str, _RuleState] = {}
        self._failures: dict[str, str] = {}
        self._logged: set[str] = set()

    def begin(self, evidence: Evidence) -> tuple[Finding, ...]:
        """Return what is found in the data alone, before the first epoch."""
        for rule in self._rules:
            if rule.name in OF_DATA_ALONE:
                self._check(rule, evidence)
        self._report_not_run(evidence)
        return self._findings(evidence)

    def update(self, evidence: Evidence) -> tuple[Finding, ...]:
        """Return the findings at the end of an epoch, strongest first; a long run does not check rules every epoch."""
        if _is_due(evidence):
            for rule in self._rules:
                self._check(rule, evidence)
            self._drop_outdated(evidence)
            self._report_not_run(evidence)
        self._withdraw(evidence)
        return self._findings(evidence)

    def update_rule(self, rule: Rule, evidence: Evidence) -> tuple[Finding, ...]:
        """Return the findings after checking one rule alone, inside an epoch."""
        self._check(rule, evidence)
        if rule.name in self._failures:
            self._report_not_run(evidence)
        return self._findings(evidence)

    def arrays(self) -> Arrays:
        """Return all findings and how close each is to coming or going, for a checkpoint."""
        return {"standing": np.frombuffer(msgspec.json.encode(self._states), dtype=np.uint8)}

    def restore(self, saved: Saved) -> None:
        """Restore what `arrays` returned; raises DataError when it does not fit, and then nothing has changed."""
        encoded = saved.array("standing", np.uint8, ANY_LENGTH).tobytes()
        try:
            self._states = msgspec.json.decode(encoded, type=dict[str, _RuleState])
        except msgspec.MsgspecError as error:
            raise DataError(
                f"Expected the checkpoint's findings as JSON, received {len(encoded)} bytes that are not: {error}."
            ) from None

    def _check(self, rule: Rule, evidence: Evidence) -> None:
        state = self._states.setdefault(rule.name, _RuleState())
        found = self._answer(rule, evidence)
        if found is not None and not state.first_epoch:
            state.first_epoch = evidence.epoch
        if (found is None) == (state.finding is None):
            state.finding, state.disagreements = found, 0
            return
        state.disagreements += 1
        if found is not None and state.disagreements >= rule.patience:
            state.finding, state.disagreements = found, 0

    def _drop_outdated(self, evidence: Evidence) -> None:
        """Drop findings without evidence: late, except where another verdict has replaced them."""
        decided = any(self._is_supported(name) for name in VERDICTS)
        for rule in self._rules:
            state = self._states[rule.name]
            replaced = decided and rule.name in VERDICTS
            at_once = rule.patience == 1 or replaced or rule.name in WITHOUT_A_VERDICT | MOMENTARY
            patience = rule.patience if at_once else max(rule.patience, _checks_to_outlive(evidence))
            if state.finding is not None and state.disagreements >= patience:
                state.finding, state.disagreements = None, 0

    def _withdraw(self, evidence: Evidence) -> None:
        """Drop findings that the newest epoch contradicts, whatever their patience."""
        for rule in self._rules:
            state = self._states.get(rule.name)
            if state is not None and state.finding is not None and rule.withdrawn(evidence):
                state.finding, state.disagreements = None, 0

    def _is_supported(self, name: str) -> bool:
        state = self._states.get(name)
        return state is not None and state.finding is not None and not state.disagreements

    def _answer(self, rule: Rule, evidence: Evidence) -> Finding | None:
        try:
            found = rule.check(evidence)
        except Exception as error:
            if self._strict:
                raise
            self._note_failure(rule, error)
            return None
        self._failures.pop(rule.name, None)
        return found

    def _note_failure(self, rule: Rule, error: Exception) -> None:
        self._failures[rule.name] = f"{rule.name} ({failed_checks.reason_of(error)})"
        if rule.name not in self._logged:
            self._logged.add(rule.name)
            failed_checks.log_failure(rule.name, error)

    def _report_not_run(self, evidence: Evidence) -> None:
        """Add or drop the finding about checks that did not run, of the data or of rules."""
        failures, skipped = (*evidence.facts.failed_checks, *self._failures.values()), evidence.facts.skipped_checks
        before = self._states.pop(failed_checks.NAME, None)
        if failures or skipped:
            first = evidence.epoch if before is None or before.finding is None else before.finding.epochs[0]
            epochs = (first, evidence.epoch) if self._failures else (0, 0)
            finding = failed_checks.finding_of(failures, skipped, epochs)
            self._states[failed_checks.NAME] = _RuleState(finding=finding)

    def _findings(self, evidence: Evidence) -> tuple[Finding, ...]:
        known = {*self._rules_by_name, failed_checks.NAME}
        found = [state.finding for name, state in self._states.items() if state.finding is not None and name in known]
        if any(finding.name in VERDICTS for finding in found):
            found = [finding for finding in found if finding.name not in WITHOUT_A_VERDICT]
        first_epochs = {name: state.first_epoch for name, state in self._states.items()}
        return presented(found, self._rules_by_name, evidence, first_epochs)


def _checks_to_outlive(evidence: Evidence) -> int:
    """Return for how many checks a finding outlives its evidence: those in as many epochs as a verdict's window has.

    Evidence close to its noise comes and goes; what it says about the run does not. After a knob has changed the
    finding has no such credit, because it was about other settings.
    """
    return min(window_of(evidence.epoch), evidence.epoch - evidence.settled_since) // _epochs_between_checks(
        evidence.epoch
    )


def _epochs_between_checks(epoch: int) -> int:
    return 1 if epoch <= EACH_EPOCH_UNTIL else epoch // CHECKS_PER_RUN


def _is_due(evidence: Evidence) -> bool:
    """Return whether to check the rules: by the epoch alone, so that a resumed run checks when any other would."""
    epoch = evidence.epoch
    if epoch >= evidence.epochs or epoch % _epochs_between_checks(epoch) == 0:
        return True
    return any(name in evidence.curves and not np.isfinite(evidence.last(name)) for name in LOSSES)
