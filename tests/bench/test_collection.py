"""How runs are recorded, labelled and simulated."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest

from bench.collection import material, nets, tables
from bench.collection.general import Dealt, GeneralRecipe, Random, Recipes, between
from bench.collection.labels import labelled
from bench.collection.recipe import Recipe
from bench.collection.recipes import FAULTY, HEALTHY
from bench.collection.recording import Answer, Recording, as_bytes, from_bytes
from bench.collection.simulated import Simulation
from bench.collection.truth import Truth, unexamined
from fitmon.engine.facts import Facts
from fitmon.engine.job import Settings

EPOCHS = 20


def recipe_of_digits() -> Recipe:
    settings = Settings(epochs=2, batch_size=32, learning_rate=1e-3, units=(8,))
    return Recipe(name="digits", made="two epochs", split=partial(tables.digits, 200, 100), settings=settings)


def run_with(
    losses: Sequence[float],
    *,
    rise_spread: float,
    validation_samples: int = 1_000,
    training: Sequence[float] = tuple(np.linspace(1, 0.1, EPOCHS)),
) -> Recording:
    held_back = np.array(losses)
    windows = np.convolve(held_back, np.full(3, 1 / 3), "valid")
    truth = Truth(
        held_back=10_000,
        window=3,
        chance=2.3,
        losses=held_back.tolist(),
        accuracies=[0.9] * EPOCHS,
        training_losses=list(map(float, training)),
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
        metrics={"loss": list(map(float, training)), "val_loss": held_back.tolist()},
        measures={"validation_loss": held_back.tolist()},
        truth=truth,
    )


def general_run(**changes: Any) -> Recording:
    run = Recording(
        name="general",
        made="made up",
        data="",
        epochs=EPOCHS,
        facts=Facts(job="made up", training_samples=1_000, validation_samples=2_000),
        knobs=((1, {}),),
        metrics={"loss": [0.5] * EPOCHS, "val_loss": [0.5] * EPOCHS},
        measures={},
        truth=unexamined(chance=1.0),
    )
    return msgspec.structs.replace(run, **changes)


def general_recipe(**changes: Any) -> GeneralRecipe:
    recipes = Recipes()

    @recipes.add("general", "two clouds in a stream", epochs=2, rate=3e-3)
    def _(random: Random) -> Dealt:
        data = material.clouds(random, (400, 100), features=4, apart=between(random, 3, 4))
        return Dealt(material.streamed(material.sorted_rows(data), 32), nets.two_classes(8, shape=(4,)), chance=0.69)

    return replace(recipes[0], **changes)


def turning(share: float) -> list[float]:
    """Return a loss that falls to 0.5 in half of the epochs and then rises by a share."""
    half = EPOCHS // 2
    return [*np.linspace(1, 0.5, half), *np.linspace(0.5, 0.5 * (1 + share), EPOCHS - half)]


@pytest.mark.parametrize(
    ("run", "answer", "why"),
    [
        (run_with(turning(0.4), rise_spread=0.5), Answer.MUST, "a rise of 40%, many times its noise"),
        (run_with(turning(0.4), rise_spread=0.5, validation_samples=20), Answer.EITHER, "20 samples cannot show it"),
        (run_with(turning(0.04), rise_spread=0.1), Answer.EITHER, "4% is neither clear nor nothing"),
        (run_with(turning(0.0), rise_spread=0.1), Answer.MUST_NOT, "it does not rise"),
        (run_with(turning(0.0), rise_spread=5.0), Answer.EITHER, "so much noise could hide a rise"),
    ],
)
def test_overfitting_is_required_where_held_back_samples_show_it(run: Recording, answer: Answer, why: str) -> None:
    assert labelled([(recipe_of_digits(), run)])[0].answer("overfitting") is answer, why


def falling(to: float) -> tuple[float, ...]:
    """Return a training loss that falls by the same share in each epoch."""
    return tuple(np.geomspace(1, to, EPOCHS))


@pytest.mark.parametrize(
    ("run", "answer", "why"),
    [
        (run_with(turning(0.0), rise_spread=0.1, training=falling(1e-3)), Answer.MUST, "far below, and still falling"),
        (run_with(turning(0.0), rise_spread=0.1, training=falling(0.12)), Answer.EITHER, "four times below"),
        (run_with(turning(0.0), rise_spread=0.1, training=falling(0.3)), Answer.MUST_NOT, "hardly below"),
        (run_with(turning(0.0), rise_spread=0.1, training=[0.01] * EPOCHS), Answer.MUST_NOT, "it no longer falls"),
        (run_with(turning(0.4), rise_spread=0.5, training=falling(1e-3)), Answer.EITHER, "the rise says more"),
    ],
)
def test_memorizing_is_required_where_training_goes_on_alone(run: Recording, answer: Answer, why: str) -> None:
    assert labelled([(recipe_of_digits(), run)])[0].answer("memorizing") is answer, why


@pytest.mark.parametrize(
    ("level", "answer"), [(4.0, Answer.MUST), (2.8, Answer.EITHER), (1.0, Answer.MUST_NOT)], ids=["far", "some", "none"]
)
def test_worse_than_guessing_is_what_held_back_samples_show(level: float, answer: Answer) -> None:
    run = run_with([level] * EPOCHS, rise_spread=0.1)
    assert labelled([(recipe_of_digits(), run)])[0].answer("worse_than_guessing") is answer


@pytest.mark.parametrize(
    ("val_loss", "answer"),
    [
        ([2.0] * EPOCHS, Answer.MUST),
        ([*[4.0] * (EPOCHS - 3), 3.0, 2.5, 2.0], Answer.EITHER),
        ([1.2] * EPOCHS, Answer.EITHER),
        ([0.9] * EPOCHS, Answer.MUST_NOT),
    ],
    ids=["far above", "on its way down", "a little above", "below"],
)
def test_the_loss_of_guessing_is_computed_from_the_targets(val_loss: list[float], answer: Answer) -> None:
    run = general_run(metrics={"loss": [0.5] * EPOCHS, "val_loss": val_loss})
    assert labelled([(general_recipe(), run)])[0].answer("worse_than_guessing") is answer


def test_data_without_a_named_fault_have_none_and_the_fit_is_open() -> None:
    run = labelled([(general_recipe(labels={"duplicates": Answer.MUST}), general_run())])[0]
    assert run.answer("duplicates") is Answer.MUST
    assert run.answer("sorted_labels") is Answer.MUST_NOT
    assert run.answer("overfitting") is Answer.EITHER


def test_in_a_healthy_run_every_alarm_is_wrong() -> None:
    run = labelled([(general_recipe(healthy=True), general_run())])[0]
    assert {run.answer(name) for name in ("overfitting", "not_learning", "output_mismatch")} == {Answer.MUST_NOT}
    assert {run.answer(name) for name in ("learning_well", "plateau", "underfitting")} == {Answer.EITHER}


@pytest.mark.parametrize(
    ("in_training", "in_inference", "answer"),
    [(0.1, 1.0, Answer.MUST), (0.3, 0.5, Answer.EITHER), (0.3, 0.25, Answer.MUST_NOT), (1e-4, 1e-3, Answer.MUST_NOT)],
    ids=["far apart", "a little", "better in inference", "both nearly 0"],
)
def test_whether_inference_differs_is_measured(in_training: float, in_inference: float, answer: Answer) -> None:
    truth = unexamined(chance=1.0, training_mode_loss=in_training, inference_mode_loss=in_inference)
    assert labelled([(general_recipe(), general_run(truth=truth))])[0].answer("inference_differs") is answer


def test_runs_are_written_as_the_same_bytes_each_time_and_read_again() -> None:
    runs = (general_run(), general_run(name="another", healthy=True))
    assert as_bytes(runs) == as_bytes(runs)
    assert from_bytes(as_bytes(runs)) == runs


def test_a_schedule_of_the_learning_rate_changes_no_knob() -> None:
    knobs = tuple((epoch, {"learning_rate": 1 / epoch, "learning_rate_factor": 1.0}) for epoch in range(1, EPOCHS + 1))
    *_, last = general_run(knobs=knobs).evidence()
    assert last.changes == ()


def test_there_are_enough_runs_of_the_publics_kinds() -> None:
    assert len(FAULTY) >= 60
    assert len(HEALTHY) >= 40


def test_a_general_recipe_draws_the_same_from_the_same_seed_only(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = HEALTHY[0]
    first = recipe.dealt().data
    assert np.array_equal(recipe.dealt().data.x, first.x)
    monkeypatch.setattr(tables.DEALER, "seed", 1)
    other = recipe.dealt().data
    assert not np.array_equal(other.x, first.x)
    assert other.class_weight != first.class_weight


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


@pytest.mark.slow
def test_a_general_recipe_is_recorded_with_what_was_seen_in_passing() -> None:
    from bench.collection.train import record

    run = record(general_recipe())
    assert run.epochs_done == 2
    assert run.truth.held_back == 0
    assert run.facts.batch_label_agreement is not None
    assert run.facts.epoch_label_agreement is not None
    assert run.facts.batch_label_agreement > 0.9
    assert run.facts.epoch_label_agreement < 0.6


@pytest.mark.slow
def test_measuring_both_modes_leaves_the_model_as_it_was() -> None:
    import keras

    from bench.collection.truth import ModeExaminer

    data = material.clouds(np.random.default_rng(0), (64, 8), features=4)
    layers = [keras.layers.Dense(8), keras.layers.BatchNormalization(), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile("sgd", "binary_crossentropy")
    before = [variable.numpy() for variable in model.variables]
    examiner = ModeExaminer(data, 16)
    examiner.examine(model)
    assert examiner.losses.keys() == {"training_mode_loss", "inference_mode_loss"}
    assert all(map(np.array_equal, before, [variable.numpy() for variable in model.variables]))
