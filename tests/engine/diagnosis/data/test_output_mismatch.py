import pytest

from tests.engine.diagnosis.data.given import facts, found

ONE_HOT = {"label_columns": 10, "one_hot": True, "classes": 10}
NUMBERS = {"label_columns": 1, "one_hot": False}


@pytest.mark.parametrize(
    ("units", "activation", "loss", "more", "said"),
    [
        (1, "softmax", "binary_crossentropy", NUMBERS, "gives 1 for every sample"),
        (1, "sigmoid", "categorical_crossentropy", NUMBERS, "is 0 for every sample"),
        (1, "sigmoid", "binary_crossentropy", NUMBERS | {"classes": 3}, "3 classes, but one sigmoid"),
        (10, "linear", "categorical_crossentropy", ONE_HOT, "the output activation is linear"),
        (10, "sigmoid", "binary_crossentropy", ONE_HOT, "exactly one 1 in 10 columns"),
        (10, "linear", "binary_crossentropy", ONE_HOT | {"from_logits": True}, "exactly one 1 in 10 columns"),
        (10, "softmax", "binary_crossentropy", ONE_HOT, "10 columns as a separate two-class problem"),
        (5, "softmax", "binary_crossentropy", {"label_columns": 5, "one_hot": False}, "lets only one of them win"),
    ],
)
def test_what_does_not_belong_together_is_found(
    units: int, activation: str, loss: str, more: dict[str, object], said: str
) -> None:
    known = facts(output_units=units, output_activation=activation, loss=loss, **more)
    finding = found("output_mismatch", known)
    assert finding is not None
    assert said in finding.sentence


@pytest.mark.parametrize(
    ("units", "activation", "loss", "more"),
    [
        (1, "sigmoid", "binary_crossentropy", NUMBERS | {"classes": 2}),
        (10, "softmax", "categorical_crossentropy", ONE_HOT),
        (10, "softmax", "sparse_categorical_crossentropy", NUMBERS | {"classes": 10}),
        (10, "linear", "sparse_categorical_crossentropy", NUMBERS | {"classes": 10, "from_logits": True}),
        pytest.param(5, "sigmoid", "binary_crossentropy", {"label_columns": 5, "one_hot": False}, id="several labels"),
        pytest.param(1, "linear", "mean_squared_error", NUMBERS, id="a quantity"),
        pytest.param(None, "", "", {}, id="nothing known"),
    ],
)
def test_what_belongs_together_is_left_alone(
    units: int | None, activation: str, loss: str, more: dict[str, object]
) -> None:
    known = facts(output_units=units, output_activation=activation, loss=loss, **more)
    assert found("output_mismatch", known) is None
