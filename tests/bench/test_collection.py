"""How runs are recorded, labelled and simulated."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
import pytest

from bench.collection import tables
from bench.collection.labels import labelled
from bench.collection.recipe import Recipe
from bench.collection.recording import Answer, Recording
from bench.collection.simulated import Simulation
from bench.collection.truth import Truth
from fitmon.engine.facts import Facts
from fitmon.engine.job import Settings

EPOCHS = 20


def recipe_of_digits() -> Recipe:
    settings = Settings(epochs=2, batch_size=32, learning_rate=1e-3, units=(8,))
    return Recipe(name="digits", made="two epochs", split=partial(tables.digits, 200, 100), settings=settings)


def run_with(losses: Sequence[float], *, rise_spread: float, validation_samples: int = 1_000) -> Recording:
    held_back = np.array(losses)
    windows = np.convolve(held_back, np.full(3, 1 / 3), "valid")
    training: list[float] = np.linspace(1, 0.1, EPOCHS).tolist()
    truth = Truth(
        held_back=10_000,
        window=3,
        chance=2.3,
        losses=held_back.tolist(),
        accuracies=[0.9] * EPOCHS,
        training_losses=training,
        best_epoch=int(windows.argmin()) + 2,
        rise=float(windows[-1] - windows.min()),
        rise_spread=rise_spread,
        lately=float(windows[-1] - windows[-4]),
        lately_spread=rise_spread,
        surely_wrong_share=0,
        dead_share=0,
    )
    return Recording(
        name="made up",
        made="made up",
        data="made up",
        epochs=EPOCHS,
        facts=Facts(job="made up", training_samples=1_000, validation_samples=validation_samples),
        knobs=((1, {}),),
        metrics={"loss": list(training), "val_loss": held_back.tolist()},
        measures={},
        truth=truth,
    )


def turning(share: float) -> list[float]:
    """Return a loss that falls to 0.5 in half of the epochs and then rises by a share."""
    half = EPOCHS // 2
    return [*np.linspace(1, 0.5, half), *np.linspace(0.5, 0.5 * (1 + share), EPOCHS - half)]


@pytest.mark.parametrize(
    ("run", "answer", "why"),
    [
        (run_with(turning(0.4), rise_spread=0.5), Answer.MUST, "a rise of 40 %, many times its noise"),
        (run_with(turning(0.4), rise_spread=0.5, validation_samples=20), Answer.EITHER, "20 samples cannot show it"),
        (run_with(turning(0.04), rise_spread=0.1), Answer.EITHER, "4 % is neither clear nor nothing"),
        (run_with(turning(0.0), rise_spread=0.1), Answer.MUST_NOT, "it does not rise"),
        (run_with(turning(0.0), rise_spread=5.0), Answer.EITHER, "so much noise could hide a rise"),
    ],
)
def test_overfitting_is_required_where_held_back_samples_show_it(run: Recording, answer: Answer, why: str) -> None:
    assert labelled([(recipe_of_digits(), run)])[0].answer("overfitting") is answer, why


def test_a_recipes_labels_override_every_rule() -> None:
    told = replace(recipe_of_digits(), labels={"overfitting": Answer.MUST_NOT})
    run = labelled([(told, run_with(turning(0.4), rise_spread=0.5))])[0]
    assert run.answer("overfitting") is Answer.MUST_NOT


def test_a_finding_nothing_is_known_of_is_not_counted() -> None:
    assert run_with(turning(0.4), rise_spread=0.5).answer("overfitting") is Answer.EITHER


def test_numbers_that_are_none_come_back_from_what_was_recorded() -> None:
    run = msgspec.structs.replace(run_with(turning(0.4), rise_spread=0.5), metrics={"loss": [0.5, "nan", None, "inf"]})
    *_, last = msgspec.json.decode(msgspec.json.encode(run), type=Recording).evidence()
    assert last.curve("loss") == pytest.approx([0.5, np.nan, np.nan, np.inf], nan_ok=True)


def test_the_mean_of_simulated_losses_is_the_given_curve() -> None:
    given = np.linspace(1.0, 0.5, 10)
    run = Simulation(name="", made="", seed=0, validation=given, training=given, samples=200_000, memory=0.5)
    *_, last = run.evidence()
    assert last.curve("validation_loss") == pytest.approx(given, rel=0.01)


@pytest.mark.slow
def test_a_recipe_is_trained_and_recorded_with_what_is_true_of_it() -> None:
    from bench.collection.train import record

    run = record(recipe_of_digits())
    assert run.epochs_done == 2
    assert run.facts.training_samples == 200
    assert {"training_loss", "validation_loss"} <= run.measures.keys()
    assert run.truth.held_back == 1_797 - 300
    assert run.truth.losses[1] < run.truth.losses[0]
