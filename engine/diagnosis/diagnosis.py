"""Asks all rules, with patience: a finding comes and goes only when looks in a row agree."""

from __future__ import annotations

import msgspec
import numpy as np

from fitmon.engine.arrays import ANY_LENGTH, Arrays, Saved
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import window_of
from fitmon.engine.diagnosis.fit.rules import FIT_RULES
from fitmon.engine.diagnosis.rules import RULES
from fitmon.engine.errors import DataError
from fitmon.engine.finding import Finding

EACH_EPOCH_UNTIL = 100
LOOKS_IN_A_RUN = 100
"""Later, it looks anew about as often again as each hundredth of the epochs so far."""
WITHOUT_A_VERDICT = frozenset({"too_early", "undecided"})
"""Said only while no verdict stands."""
OF_THE_MOMENT = frozenset({"dead_units", "saturated_outputs", "validation_looks_better"})
"""No verdicts: said of the last epochs as they are, and gone with them."""
VERDICTS = frozenset(rule.name for rule in FIT_RULES) - WITHOUT_A_VERDICT - OF_THE_MOMENT
LOSSES = ("loss", "val_loss")


class _Standing(msgspec.Struct):
    """What is known of one rule."""

    finding: Finding | None = None
    """As it was last found; None: it does not stand."""
    against: int = 0
    """Looks in a row that said otherwise."""


class Diagnosis:
    """What stands of the rules' findings while a run goes on."""

    def __init__(self, rules: tuple[Rule, ...] = RULES, *, strict: bool = False) -> None:
        """Begin with nothing found.

        Args:
            rules: those to ask.
            strict: whether a rule that fails raises; else it is left out, so that it ends no training.
        """
        self._rules, self._strict = rules, strict
        self._standing: dict[str, _Standing] = {}

    def look(self, evidence: Evidence) -> tuple[Finding, ...]:
        """Return what stands at the end of an epoch, strongest first; it is not looked anew at each of very many."""
        if _is_due(evidence):
            for rule in self._rules:
                self._ask(rule, evidence)
            self._let_go(evidence)
        return self._findings()

    def look_at(self, rule: Rule, evidence: Evidence) -> tuple[Finding, ...]:
        """Return what stands after one rule alone was asked, inside an epoch."""
        self._ask(rule, evidence)
        return self._findings()

    def arrays(self) -> Arrays:
        """Return what stands and what is about to, for a checkpoint."""
        return {"standing": np.frombuffer(msgspec.json.encode(self._standing), dtype=np.uint8)}

    def restore(self, saved: Saved) -> None:
        """Put back what `arrays` returned; raises DataError when it does not fit, and nothing has changed then."""
        told = saved.array("standing", np.uint8, ANY_LENGTH).tobytes()
        try:
            self._standing = msgspec.json.decode(told, type=dict[str, _Standing])
        except msgspec.MsgspecError as error:
            raise DataError(
                f"Expected the checkpoint's findings as JSON, received {len(told)} bytes that are not: {error}."
            ) from None

    def _ask(self, rule: Rule, evidence: Evidence) -> None:
        standing = self._standing.setdefault(rule.name, _Standing())
        found = self._answer(rule, evidence)
        if (found is None) == (standing.finding is None):
            standing.finding, standing.against = found, 0
            return
        standing.against += 1
        if found is not None and standing.against >= rule.patience:
            standing.finding, standing.against = found, 0

    def _let_go(self, evidence: Evidence) -> None:
        """Drop what nothing speaks for any more: late, except where another verdict has taken its place."""
        decided = any(self._is_supported(name) for name in VERDICTS)
        for rule in self._rules:
            standing = self._standing[rule.name]
            replaced = decided and rule.name in VERDICTS
            hurries = rule.patience == 1 or replaced or rule.name in WITHOUT_A_VERDICT | OF_THE_MOMENT
            patience = rule.patience if hurries else max(rule.patience, _calm(evidence))
            if standing.finding is not None and standing.against >= patience:
                standing.finding, standing.against = None, 0

    def _is_supported(self, name: str) -> bool:
        standing = self._standing.get(name)
        return standing is not None and standing.finding is not None and not standing.against

    def _answer(self, rule: Rule, evidence: Evidence) -> Finding | None:
        try:
            return rule.look(evidence)
        except Exception:
            if self._strict:
                raise
            return None

    def _findings(self) -> tuple[Finding, ...]:
        weights = {rule.name: rule.weight for rule in self._rules}
        found = [
            standing.finding
            for name, standing in self._standing.items()
            if standing.finding is not None and name in weights
        ]
        if any(finding.name in VERDICTS for finding in found):
            found = [finding for finding in found if finding.name not in WITHOUT_A_VERDICT]
        return tuple(sorted(found, key=lambda finding: (-weights[finding.name] * finding.confidence, finding.name)))


def _calm(evidence: Evidence) -> int:
    """Return looks for which a finding outlives its evidence: those in as many epochs as the windows of verdicts have.

    Evidence at the edge of its noise comes and goes; what it says of the run does not. After a change of a knob it has
    no such credit: the finding was on another course.
    """
    changed = evidence.knob_epochs[-1] if evidence.knob_epochs else 1
    return min(window_of(evidence.epoch), evidence.epoch - changed) // _epochs_between_looks(evidence.epoch)


def _epochs_between_looks(epoch: int) -> int:
    return 1 if epoch <= EACH_EPOCH_UNTIL else epoch // LOOKS_IN_A_RUN


def _is_due(evidence: Evidence) -> bool:
    """Return whether to look anew: by the epoch alone, so that a run that goes on looks when one in a piece would."""
    epoch = evidence.epoch
    if epoch >= evidence.epochs or epoch % _epochs_between_looks(epoch) == 0:
        return True
    return any(name in evidence.curves and not np.isfinite(evidence.last(name)) for name in LOSSES)
