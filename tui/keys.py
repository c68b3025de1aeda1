"""The one table of keys: bindings, footer and help are all made from it.

Only keys that terminals, tmux and desktops leave alone.
"""

from dataclasses import dataclass

from textual.binding import Binding

from fitmon.engine.record.snapshot import Snapshot
from fitmon.tui.layout import View


@dataclass(frozen=True, slots=True)
class Key:
    """A key, what it does in a word and in a sentence, and the action that does it."""

    id: str
    keys: tuple[str, ...]
    """As Textual calls them."""
    shown: str
    """As the user reads them."""
    wording: str
    """One or two words for the footer."""
    action: str
    """The action's name without arguments; several keys pass their own name as the argument."""
    tooltip: str
    """What it does, a sentence for the help."""
    pinned: bool = False
    """Whether the footer keeps it in view at every width."""
    hinted: bool = True
    """Whether the footer mentions it at all."""
    alive_only: bool = False
    """Whether it does nothing once the run is over."""
    knobs: tuple[str, ...] = ()
    """The knobs it changes; it does nothing while the run has none of them."""
    views: tuple[View, ...] = ()
    """The views in which it does something; empty: in all."""
    in_dialog: bool = False
    """Whether a dialog handles it, not the monitor."""


KEYS: tuple[Key, ...] = (
    Key("pause", ("space",), "space", "pause", "pause_or_resume",
        "Pause at the end of the epoch; again: at the next chunk; again: go on.", alive_only=True),
    Key("stop", ("x",), "x", "stop", "ask_stop",
        "Stop the training after a question; the screen stays with what was reached.", alive_only=True),
    Key("view", ("tab",), "tab", "view", "next_view", "Show the next view."),
    Key("remedies", ("a",), "a", "remedies", "ask_remedy",
        "Show what could be done about what was found; a digit applies it."),
    Key("views", ("1", "2", "3", "4", "5", "6", "7", "8", "9"), "1…9", "views", "view",
        "Show a view: 1 overview, 2 loss, 3 accuracy, 4 threshold, 5 samples, 6 classes, 7 what changed, 8 output, "
        "9 findings.", hinted=False),
    Key("move_threshold", ("left", "right"), "← →", "move", "move_threshold",
        "In the threshold view, two classes: move the threshold by 0.01.", views=(View.THRESHOLD,)),
    Key("best_threshold", ("m",), "m", "best", "ask_best_threshold",
        "In the threshold view, two classes: take the best threshold for accuracy, F1 or the costs of errors.",
        views=(View.THRESHOLD,)),
    Key("move", ("up", "down", "pageup", "pagedown", "home", "end"), "↑ ↓", "choose", "move",
        "In the samples view: choose a sample; in the findings view: scroll; page up, page down, home and end go "
        "further.", views=(View.SAMPLES, View.FINDINGS)),
    Key("detail", ("enter",), "enter", "detail", "toggle_detail",
        "In the samples view: the chosen sample alone, the list alone with all its columns, or both.",
        views=(View.SAMPLES,)),
    Key("order", ("s",), "s", "sort", "next_order",
        "In the samples view: sort by the worst, the nearest to crossing, the largest change, the index.",
        views=(View.SAMPLES,)),
    Key("filter", ("n",), "n", "filter", "next_filter",
        "In the samples view: list only the wrong ones, those that crossed, suspects, and so on.",
        views=(View.SAMPLES,)),
    Key("class", ("c",), "c", "class", "next_class", "In the samples view: list one true class after the other.",
        views=(View.SAMPLES,)),
    Key("write", ("w",), "w", "write", "write_samples",
        "In the samples view: write the listed samples as a CSV file into the folder fitmon was started in.",
        views=(View.SAMPLES,)),
    Key("keep", ("k",), "k", "keep", "ask_export",
        "Write the model into a file that plain Keras loads, with the best weights or the last ones."),
    Key("error", ("f",), "f", "error", "show_failure", "After a failure: show its traceback."),
    Key("learning_rate", ("l",), "l", "rate", "ask_learning_rate", "Change the learning rate.", alive_only=True,
        knobs=("learning_rate", "learning_rate_factor")),
    Key("dropout", ("d",), "d", "dropout", "ask_dropout", "Change the dropout.", alive_only=True, knobs=("dropout",)),
    Key("regularisation", ("r",), "r", "L1/L2", "ask_regularisation", "Change L1 or L2.", alive_only=True,
        knobs=("l2", "l1")),
    Key("rewind", ("z",), "z", "rewind", "ask_rewind",
        "Go back to the end of an epoch, with other knobs if wanted, and train on from there as a new branch."),
    Key("batch_size", ("b",), "b", "batch", "ask_batch_size", "Change the batch size.", alive_only=True,
        knobs=("batch_size",)),
    Key("threshold", ("t",), "t", "threshold", "ask_threshold",
        "Change the threshold that p must exceed; this changes the view, not the training."),
    Key("hold", ("h",), "h", "hold", "hold_view",
        "Hold the panels still to read them, or let them go on; the training goes on all the while."),
    Key("epochs", ("e",), "e", "epochs", "ask_epochs", "Change the number of epochs.", alive_only=True,
        knobs=("epochs",)),
    Key("log_scale", ("g",), "g", "log", "toggle_log_scale",
        "Make the charts' vertical axes logarithmic, or linear again.",
        views=(View.OVERVIEW, View.LOSS, View.ACCURACY)),
    Key("output", ("o",), "o", "output", "show_output", "Show what TensorFlow and the model print, or go back.",
        hinted=False),
    Key("undo", ("u",), "u", "undo", "undo", "In the rewind dialog: choose the epoch before the last knob took effect.",
        hinted=False, in_dialog=True),
    Key("apply", ("enter",), "enter", "apply", "apply", "In a dialog: apply, or confirm.",
        hinted=False, in_dialog=True),
    Key("cancel", ("escape",), "esc", "back", "back", "In a dialog, this help or an error: back to the panels.",
        hinted=False, in_dialog=True),
    Key("help", ("question_mark",), "?", "help", "show_help", "Show these keys.", pinned=True),
    Key("quit", ("q",), "q", "quit", "ask_quit", "Leave; asks first while the training goes on.", pinned=True),
    Key("interrupt", ("ctrl+c",), "ctrl+c", "stop and leave", "interrupt", "Stop the training and leave at once.",
        hinted=False),
)  # fmt: skip
"""Every key there is, in the order of footer and help: a narrow footer has room for the first ones only."""


def monitor_bindings() -> list[Binding]:
    """Return the bindings of the monitor screen."""
    return [
        Binding(
            key,
            f"{entry.action}({key!r})" if len(entry.keys) > 1 else entry.action,
            entry.wording,
            id=entry.id if len(entry.keys) == 1 else f"{entry.id}-{key}",
            tooltip=entry.tooltip,
            show=entry.hinted,
        )
        for entry in KEYS
        if not entry.in_dialog and entry.id != "interrupt"
        for key in entry.keys
    ]


def interrupt_binding() -> Binding:
    """Return the one binding that works everywhere, dialogs included."""
    entry = key_named("interrupt")
    return Binding(
        entry.keys[0], entry.action, entry.wording, id=entry.id, tooltip=entry.tooltip, show=False, priority=True
    )


def key_named(key_id: str) -> Key:
    """Return the entry of that id."""
    return next(entry for entry in KEYS if entry.id == key_id)


def pause_wording(snapshot: Snapshot) -> str:
    """Say what the pause key would do now."""
    if snapshot.paused is not None:
        return "resume"
    return {"epoch": "pause now", "chunk": "go on"}.get(snapshot.pause_asked, "pause")
