"""The table of keys. Bindings, footer and help are all made from it.

It uses only keys that terminals, tmux and desktops do not intercept.
"""

from dataclasses import dataclass

from fitmon.engine.record.snapshot import Snapshot
from fitmon.tui.layout import View


@dataclass(frozen=True, slots=True)
class Key:
    """A key, what it does in a word and in a sentence, and the action that does it."""

    id: str
    keys: tuple[str, ...]
    """Textual's names for them."""
    shown: str
    """How the user sees them."""
    wording: str
    """One or two words for the footer."""
    action: str
    """The action's name without arguments; several keys pass their own name as the argument."""
    tooltip: str
    """What it does, in a sentence for the help."""
    pinned: bool = False
    """Whether the footer shows it at every width."""
    hinted: bool = True
    """Whether the footer shows it at all."""
    alive_only: bool = False
    """Whether it has no effect once the run is over."""
    knobs: tuple[str, ...] = ()
    """The knobs it changes; it has no effect while the run has none of them."""
    views: tuple[View, ...] = ()
    """The views in which it has an effect; empty: all."""
    in_dialog: bool = False
    """Whether a dialog handles it, not the monitor."""


CHARTS = (View.OVERVIEW, View.LOSS, View.ACCURACY)
"""The views with charts."""

SCROLLED = (View.CHANGES, View.FINDINGS)
"""The views that the keys to move scroll."""

KEYS: tuple[Key, ...] = (
    Key("pause", ("space",), "space", "pause", "pause_or_resume",
        "Pause after this epoch; again: pause now; again: resume.", alive_only=True),
    Key("stop", ("x",), "x", "stop", "ask_stop",
        "Stop training (asks first); results stay on screen.", alive_only=True),
    Key("view", ("tab",), "tab", "view", "next_view", "Show the next view."),
    Key("remedies", ("a",), "a", "suggestions", "ask_remedy", "Suggested fixes; press a digit to apply one."),
    Key("views", ("1", "2", "3", "4", "5", "6", "7", "8", "9"), "1…9", "views", "view",
        "Show a view: 1 overview, 2 loss, 3 accuracy, 4 threshold, 5 samples, 6 classes, 7 changes, 8 output, "
        "9 findings.", hinted=False),
    Key("cursor", ("left", "right", "home", "end"), "← →", "cursor", "move_cursor",
        "Charts: read the exact values at an epoch; home and end: the first and the last one; esc leaves the cursor.",
        views=CHARTS),
    Key("move_threshold", ("left", "right", "pageup", "pagedown"), "← →", "move", "move_threshold",
        "Threshold view, two classes: move the threshold by 0.01; page up and page down: by 0.1; the mouse drags it.",
        views=(View.THRESHOLD,)),
    Key("scroll_features", ("left", "right"), "← →", "features", "scroll_features",
        "Samples view: scroll the features of a sample.", hinted=False, views=(View.SAMPLES,)),
    Key("threshold_picture", ("j",), "j", "picture", "next_picture",
        "Threshold view, two classes: draw p(class 1) by true class, or p(true class).", views=(View.THRESHOLD,)),
    Key("best_threshold", ("m",), "m", "best", "ask_best_threshold",
        "Threshold view, two classes: use the best threshold for accuracy, F1 or the cost of errors.",
        views=(View.THRESHOLD,)),
    Key("move", ("up", "down", "pageup", "pagedown", "home", "end"), "↑ ↓", "select", "move",
        "Samples view: select a sample. Changes and findings: scroll. Page up, page down, home and end move further.",
        views=(View.SAMPLES, *SCROLLED)),
    Key("detail", ("enter",), "enter", "detail", "toggle_detail",
        "Samples view: show the selected sample only, the table only with all columns, or both.",
        views=(View.SAMPLES,)),
    Key("order", ("s",), "s", "sort", "next_order",
        "Samples view: sort by largest loss, nearest to the threshold, largest change, or index.",
        views=(View.SAMPLES,)),
    Key("filter", ("n",), "n", "filter", "next_filter",
        "Samples view: filter by wrong, newly crossed, near the threshold, suspect, and so on.",
        views=(View.SAMPLES,)),
    Key("class", ("c",), "c", "class", "next_class", "Samples view: filter by true class, one after another.",
        views=(View.SAMPLES,)),
    Key("write", ("w",), "w", "write", "write_samples",
        "Samples view: write the listed samples to a CSV file in the folder that fitmon was started in.",
        views=(View.SAMPLES,)),
    Key("search", ("slash",), "/", "search", "ask_search",
        "Samples view: jump to an index or list a class. Findings and output: search for a text.",
        views=(View.SAMPLES, View.OUTPUT, View.FINDINGS)),
    Key("keep", ("k",), "k", "export", "ask_export",
        "After the run: write the model to a file that Keras loads, with the best or the last weights."),
    Key("error", ("f",), "f", "error", "show_failure", "After a failure: show the traceback."),
    Key("learning_rate", ("l",), "l", "tune", "ask_learning_rate",
        "Change hyperparameters in a form, beginning with the learning rate.", alive_only=True,
        knobs=("learning_rate", "learning_rate_factor")),
    Key("dropout", ("d",), "d", "dropout", "ask_dropout", "The same form, beginning with the dropout rate.",
        alive_only=True, knobs=("dropout",)),
    Key("regularisation", ("r",), "r", "L1/L2", "ask_regularisation",
        "The same form, beginning with L2 regularization; tab: L1.", alive_only=True, knobs=("l2", "l1")),
    Key("rewind", ("z",), "z", "rewind", "ask_rewind",
        "Rewind to the end of an epoch, optionally with other values, and continue from there as a new branch."),
    Key("batch_size", ("b",), "b", "batch", "ask_batch_size", "The same form, beginning with the batch size.",
        alive_only=True, knobs=("batch_size",)),
    Key("threshold", ("t",), "t", "threshold", "ask_threshold",
        "Change the decision threshold; this changes the view, not training."),
    Key("freeze", ("h",), "h", "freeze", "freeze_view", "Freeze or unfreeze the panels; training continues."),
    Key("epochs", ("e",), "e", "epochs", "ask_epochs", "The same form, beginning with the number of epochs.",
        alive_only=True, knobs=("epochs",)),
    Key("log_scale", ("g",), "g", "log", "toggle_log_scale",
        "Switch the charts and the histogram between a logarithmic and a linear vertical axis.",
        views=(*CHARTS, View.THRESHOLD)),
    Key("zoom", ("plus", "minus", "0"), "+ -", "zoom", "zoom",
        "Charts: show half as many epochs, around the cursor if there is one, or twice as many; 0 shows all.",
        views=CHARTS),
    Key("metric", ("v",), "v", "metric", "next_metric",
        "Charts: show the next metric, the learning rate or the time per epoch; loss view: another kind of loss.",
        views=CHARTS),
    Key("x_axis", ("i",), "i", "time", "next_x_axis", "Charts: switch the horizontal axis between epochs and time.",
        views=CHARTS),
    Key("smoothing", ("y",), "y", "smooth", "next_smoothing",
        "Charts: smooth the curves, more, or not at all (exponential moving mean).", views=CHARTS),
    Key("leave", ("escape",), "esc", "leave", "leave",
        "Leave the cursor of the charts; else back to the overview, or from a panel that a double click has enlarged.",
        hinted=False),
    Key("output", ("o",), "o", "output", "show_output",
        "Show the output of TensorFlow and the model; again: the previous view.", hinted=False),
    Key("compare", ("R",), "R", "runs", "ask_compare", "Compare this run with others, chosen from a list."),
    Key("copy", ("Y",), "Y", "copy", "copy_command",
        "Copy the command line of the first suggested fix that has one to the clipboard.", hinted=False),
    Key("commands", ("colon", "ctrl+p"), ":", "commands", "show_commands",
        "Search all commands by name; ctrl+p does the same.", hinted=False),
    Key("draw_again", ("ctrl+l",), "ctrl+l", "redraw", "draw_again",
        "Draw everything again, after something else wrote on the terminal.", hinted=False),
    Key("theme", ("T",), "T", "theme", "next_theme",
        "Change the colors: dark, light, color-blind, mono, or the sixteen of the terminal.", hinted=False),
    Key("undo", ("u",), "u", "undo", "undo",
        "Rewind dialog: select the epoch before the last knob change.", hinted=False, in_dialog=True),
    Key("apply", ("enter",), "enter", "apply", "apply", "Dialogs: apply or confirm.", hinted=False, in_dialog=True),
    Key("cancel", ("escape",), "esc", "back", "back", "Dialogs, help and errors: back to the panels.",
        hinted=False, in_dialog=True),
    Key("help", ("question_mark",), "?", "help", "show_help", "Show these keys.", pinned=True),
    Key("quit", ("q",), "q", "quit", "ask_quit",
        "Quit; while the run is training, asks whether to leave it running or to stop it.", pinned=True),
    Key("interrupt", ("ctrl+c",), "ctrl+c", "stop and quit", "interrupt", "Stop training and quit immediately.",
        hinted=False),
)  # fmt: skip
"""All keys, in the order of footer and help: a narrow footer has room only for the first ones."""


def keys_in(view: View) -> list[Key]:
    """Return the keys that the monitor handles in a view: a key has another meaning in another view."""
    return [key for key in KEYS if not key.in_dialog and (not key.views or view in key.views)]


def key_named(key_id: str) -> Key:
    """Return the entry with that id."""
    return next(entry for entry in KEYS if entry.id == key_id)


def pause_wording(snapshot: Snapshot) -> str:
    """Return what the pause key would do now."""
    if snapshot.paused is not None:
        return "resume"
    return {"epoch": "pause now", "chunk": "resume"}.get(snapshot.pause_requested, "pause")
