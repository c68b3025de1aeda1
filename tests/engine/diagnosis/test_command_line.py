"""The command line of a remedy starts the same run except for what the remedy changes."""

from __future__ import annotations

from pathlib import Path

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.facts import Facts
from fitmon.engine.job import Settings
from fitmon.presets import preset_named
from fitmon.presets.spelled_options import spelled_options

DEFAULTS = Settings(epochs=10, batch_size=5, learning_rate=1e-3, units=(64,))


def of(options: dict[str, str] | None) -> Facts:
    return Facts(job="binary", options=options, training_samples=1, validation_samples=1)


def test_the_runs_options_are_kept_and_a_changed_one_occurs_once() -> None:
    told = of({"dataset": "breast_cancer", "learning-rate": "10", "no-jit": ""})
    line = command_line(told, learning_rate="1", units="8,8")
    assert line == "fitmon binary --dataset breast_cancer --learning-rate 1 --no-jit --units 8,8"
    assert command_line(told, without="dataset") == "fitmon binary --learning-rate 10 --no-jit"


def test_a_job_of_a_script_has_no_command_line() -> None:
    assert command_line(of(None), units="8") == ""


def test_a_file_name_is_one_word_to_the_shell() -> None:
    assert command_line(of({"data": "my digits; rm.npz"})) == "fitmon binary --data 'my digits; rm.npz'"


def test_settings_are_spelled_as_the_command_line_reads_them() -> None:
    settings = Settings(epochs=10, batch_size=5, learning_rate=1e-5, units=(), dropout=0.5, l2=0.1, seed=3, jit=False)
    spelled = spelled_options(settings, DEFAULTS, dataset=None, split="last")
    assert spelled == {
        "split": "last",
        "learning-rate": "1e-05",
        "units": "none",
        "dropout": "0.5",
        "l2": "0.1",
        "seed": "3",
        "no-jit": "",
    }
    widths = Settings(epochs=10, batch_size=5, learning_rate=1e-3, units=(256, 128), dropout=0.0)
    assert spelled_options(widths, DEFAULTS) == {"units": "256,128", "dropout": "0"}


def test_a_job_of_a_preset_knows_how_it_is_begun(tmp_path: Path) -> None:
    (tmp_path / "mine.npz").touch()
    binary, mnist = preset_named("binary"), preset_named("mnist")
    assert binary.job().options == {}
    assert binary.job(dataset="breast_cancer").options == {"dataset": "breast_cancer"}
    assert preset_named("iris").job(split="last").options == {"split": "last"}
    assert preset_named("iris").job(split="stratified").options == {}
    assert mnist.job(file=tmp_path / "mine.npz").options == {"data": str(tmp_path / "mine.npz")}
