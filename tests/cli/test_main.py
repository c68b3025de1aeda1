"""What the command line does without training: help, version and refused options."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from fitmon.cli.main import main
from fitmon.cli.options import ScheduledChange
from fitmon.cli.scheduled_changes import check_changes
from fitmon.engine.errors import UsageError
from fitmon.engine.job import Settings
from fitmon.presets import preset_named
from fitmon.presets.layers import has_dropout

HEAVY = {"tensorflow", "keras", "textual", "numpy", "sklearn", "msgspec", "rich"}


def modules_loaded_by(*arguments: str) -> set[str]:
    """Return the modules a fresh interpreter has loaded after a command."""
    program = "import sys; from fitmon.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", program, *arguments]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(answer.stderr.split())


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",)])
def test_help_and_version_load_nothing_heavy_and_no_preset(arguments: tuple[str, ...]) -> None:
    loaded = modules_loaded_by(*arguments)
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith(("fitmon.presets.", "fitmon.tui"))}


@pytest.mark.parametrize("preset", ["mnist", "iris", "binary"])
def test_the_help_of_a_preset_loads_nothing_heavy(preset: str) -> None:
    assert not modules_loaded_by(preset, "--help") & HEAVY


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_the_presets(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("mnist", "iris", "binary"))


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "fitmon 0.1.0\n"


def test_a_process_does_not_search_its_memory_for_cycles_when_it_ends() -> None:
    """With TensorFlow loaded, that takes a second. What is registered first is called last."""
    program = """
import atexit, gc, sys
atexit.register(lambda: print(gc.get_freeze_count() > 0))
from fitmon.cli.main import main
sys.argv = ["fitmon", "--version"]
sys.exit(main())
"""
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1] == "True"


def test_python_dash_m_fitmon_is_the_same_command() -> None:
    answer = subprocess.run([sys.executable, "-m", "fitmon", "--version"], check=True, capture_output=True, text=True)
    assert answer.stdout.startswith("fitmon ")


@pytest.mark.parametrize(
    ("preset", "options", "kept_to_itself"),
    [
        ("mnist", ["[default: 10]", "[default: 64]", "[default: 0.001]", "512]", "--data"], "--dataset"),
        ("iris", ["[default: 200]", "[default: 5]", "[default: 0.0005]", "[default: adam]"], "--data"),
        ("binary", ["0.3]", "--dataset", "breast_cancer", "weak_signal"], "--data "),
    ],
)
def test_the_help_of_a_preset_shows_its_defaults(
    preset: str, options: list[str], kept_to_itself: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([preset, "--help"]) == 0
    text = capsys.readouterr().out
    assert [option for option in options if option not in text] == []
    assert kept_to_itself not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "mnits",
            "Expected one of mnist, iris, binary, runs, attach, compare, resume, ctl, rm; received 'mnits'.",
        ),
        ("mnits", "Did you mean 'mnist'?"),
        ("train.py", "see 'Your own model' in the README"),
        ("run train.py", "see 'Your own model' in the README"),
        ("resme", "received 'resme'. Did you mean 'resume'?"),
        ("iris --epochs 0", "Expected epochs to be a whole number at least 1"),
        ("iris --epochs 2.5", "Expected epochs to be a whole number at least 1"),
        ("iris --batch-size 0", "Expected batch_size to be a whole number at least 1"),
        ("iris --learning-rate -1", "Expected learning_rate to be a number above 0 and at most 1000, received -1."),
        ("iris --learning-rate nan", "Expected learning_rate to be a number above 0"),
        ("iris --learning-rate 1e", "Expected learning_rate to be a number above 0 and at most 1000, such as 5e-4"),
        ("iris --dropout 1.5", "Expected dropout to be a number at least 0 and below 1, received 1.5."),
        ("iris --l1 -0.1", "Expected l1 to be a number at least 0"),
        ("iris --l2 -0.1", "Expected l2 to be a number at least 0"),
        ("iris --units 0", "Expected units to be whole numbers of at least 1, such as 256,128, or none; received '0'."),
        ("iris --units 8,,4", "Expected units to be whole numbers of at least 1"),
        ("iris --units 8.5", "Expected units to be whole numbers of at least 1"),
        ("iris --seed -1", "Expected seed to be a whole number at least 0"),
        ("iris --threshold 1.5", "Expected threshold to be a number at least 0 and at most 1, received 1.5."),
        ("iris --optimizer adan", "Expected optimizer to be one of adadelta, adafactor,"),
        ("iris --at 3", "Expected EPOCH:KNOB=VALUE, such as 3:learning_rate=1e-4; received '3'."),
        ("iris --at 0:l2=1", "Expected EPOCH:KNOB=VALUE"),
        ("iris --at 3:momentum=1", "Unknown knob 'momentum'. Choose from learning_rate,"),
        ("iris --at 3:learning_rate=2000", "Expected learning_rate to be a number above 0 and at most 1000"),
        (
            "iris --dropout none --at 3:dropout=0.3",
            "This model has no Dropout layer for --at 3:dropout=0.3; add --dropout 0",
        ),
        (
            "iris --units none --dropout 0 --at 3:dropout=0.3",
            "This model has no Dropout layer for --at 3:dropout=0.3; it",
        ),
        (
            "iris --units none --at 3:dropout=0.3",
            "it needs a hidden layer, such as --units 8 --dropout 0",
        ),
        ("iris --epochs 5 --at 6:l2=1", "Expected an epoch of at most 5, the last one; received --at 6:l2=1."),
        (
            "iris --at 3:learning_rate_factor=0.5",
            "This optimizer has no schedule for --at 3:learning_rate_factor=0.5; change learning_rate instead.",
        ),
        ("iris --data x.npz", "--data"),
        ("iris extra", "Got unexpected extra argument"),
        ("binary --dataset wine", "Expected the data set to be one of weak_signal, breast_cancer; received 'wine'."),
        ("iris --plain --paused", "Expected a screen with --paused: without one, the run could not be resumed."),
        (
            "iris --name \x1b[2J",
            r"Expected a name of 1 to 80 printable characters without slashes that does not start with a dot or dash",
        ),
        ("--frobnicate", "--frobnicate"),
    ],
)
def test_an_invalid_option_is_refused_in_one_line_with_code_2(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split(" ")) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("fitmon: ")
    assert message.removesuffix(".") in output.err
    assert output.err.count("\n") == 1


FIVE_EPOCHS = Settings(epochs=5, batch_size=5, learning_rate=0.1, units=())


@pytest.mark.parametrize(
    "changes",
    [
        [(3, "epochs", 8.0), (8, "l2", 0.1)],
        [(8, "l2", 0.1), (3, "epochs", 8.0)],
        [(3, "epochs", 8.0), (7, "epochs", 20.0), (20, "l1", 0.1)],
        [(5, "epochs", 6.0)],
        [(6, "epochs", 8.0)],
        [(6, "epochs", 8.0), (6, "l2", 0.1)],
        [(2, "epochs", 3.0), (4, "epochs", 9.0)],
        [(5, "l2", 0.1), (5, "epochs", 5.0)],
        [(2, "epochs", 2.0), (2, "epochs", 9.0), (9, "l2", 0.1)],
    ],
)
def test_a_late_change_is_allowed_where_an_earlier_one_adds_epochs(changes: list[ScheduledChange]) -> None:
    check_changes(changes, FIVE_EPOCHS, has_dropout)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([(9, "epochs", 300.0)], "Expected an epoch of at most 6, one after the last; received --at 9:epochs=300."),
        ([(7, "epochs", 8.0)], "at most 6, one after the last; received --at 7:epochs=8."),
        ([(2, "epochs", 3.0), (5, "epochs", 9.0)], "at most 4, one after the last; received --at 5:epochs=9."),
        ([(4, "l2", 0.1), (2, "epochs", 3.0)], "at most 3, the last one; received --at 4:l2=0.1."),
        ([(5, "epochs", 4.0), (5, "l2", 0.1)], "at most 4, the last one; received --at 5:l2=0.1."),
        ([(5, "epochs", 3.0)], "Expected at least 4 epochs, since 4 are done by then; received --at 5:epochs=3."),
    ],
)
def test_a_change_beyond_the_last_epoch_reached_by_then_is_refused(
    changes: list[ScheduledChange], message: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        check_changes(changes, FIVE_EPOCHS, has_dropout)
    assert message in str(refusal.value)


def test_a_model_with_dropout_but_no_hidden_layer_can_have_its_dropout_changed() -> None:
    settings = dataclasses.replace(FIVE_EPOCHS, dropout=0.0)
    check_changes([(3, "dropout", 0.3)], settings, preset_named("binary").has_dropout)


@pytest.mark.parametrize("named_by", ["option", "environment"])
def test_a_missing_file_is_reported_at_once_with_code_3(
    named_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = str(tmp_path / "absent.npz")
    monkeypatch.setenv("FITMON_DATA", absent)
    option = ["--data", absent] if named_by == "option" else []
    assert main(["mnist", "--json", *option]) == 3
    output = capsys.readouterr()
    assert output.out == ""
    message = "does not exist. Choose a file in the layout of Keras's mnist.npz."
    assert output.err == f"fitmon: {absent} {message}\n"
    assert not modules_loaded_by("mnist", "--json", *option) & HEAVY


def test_an_unreadable_file_is_reported_at_once_with_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    path = "x" * 5000
    assert main(["mnist", "--plain", "--data", path]) == 3
    assert capsys.readouterr().err == f"fitmon: {path} cannot be read: file name too long.\n"


def test_another_backend_is_refused_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert main(["iris", "--plain"]) == 5
    assert "received KERAS_BACKEND=jax. Set KERAS_BACKEND=tensorflow." in capsys.readouterr().err


def test_an_internal_error_is_one_line_and_shows_a_traceback_only_with_debug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> str:
        raise ZeroDivisionError("1/0")

    monkeypatch.setattr("fitmon.cli.presets.choose_frontend", broken)
    assert main(["iris"]) == 1
    quiet = capsys.readouterr().err
    assert quiet == "fitmon: Internal error: ZeroDivisionError: 1/0. Run with --debug to show the traceback.\n"
    assert main(["iris", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_every_option_of_the_manual_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    main(["mnist", "--help"])
    text = capsys.readouterr().out
    options = (
        "--epochs --batch-size --learning-rate --dropout --l1 --l2 --units --optimizer --seed --threshold --jit "
        "--no-jit --data --name --plain --json --paused --exit --theme --ascii --no-mouse --debug --at"
    )
    assert [option for option in options.split() if option not in text] == []


def test_the_entry_point_is_installed() -> None:
    assert (Path(sys.executable).parent / "fitmon").is_file()
