"""The table of keys of the comparison. Dispatch, footer and help are all made from it."""

from fitmon.tui.keys import Key

COMPARISON_KEYS: tuple[Key, ...] = (
    Key("select", ("up", "down", "pageup", "pagedown"), "↑ ↓", "select", "select",
        "Select a run; page up and page down move further."),
    Key("hide", ("space",), "space", "hide", "toggle", "Hide or show the curve of the selected run."),
    Key("only", ("o",), "o", "only", "toggle_others", "Show only the selected run; again: show all."),
    Key("metric", ("v",), "v", "metric", "next_metric", "Draw the next metric."),
    Key("filter", ("slash",), "/", "filter", "type_filter",
        "List only the runs whose name, state or settings match, such as `adam lr=1e-3`; words may be regular "
        "expressions. enter keeps the filter, esc removes it."),
    Key("order", ("s",), "s", "sort", "next_order", "Sort by best loss, name, or a setting that differs."),
    Key("cursor", ("left", "right"), "← →", "cursor", "move_cursor",
        "Read the values of all runs at an epoch, in the table; shift moves by ten epochs."),
    Key("far_cursor", ("shift+left", "shift+right"), "shift+← →", "", "move_cursor_far", "", hinted=False),
    Key("ends", ("home", "end"), "home end", "ends", "cursor_to_end", "Move the cursor to the first or last epoch.",
        hinted=False),
    Key("log_scale", ("g",), "g", "log", "toggle_log_scale", "Switch between a logarithmic and a linear axis."),
    Key("zoom", ("plus", "equals_sign", "minus", "0"), "+ - 0", "zoom", "zoom",
        "Show fewer epochs, more epochs, all epochs."),
    Key("runs", ("R",), "R", "add runs", "add_runs", "Add runs from the list of all runs."),
    Key("theme", ("T",), "T", "theme", "next_theme",
        "Change the colors: dark, light, color-blind, mono, or the sixteen of the terminal.", hinted=False),
    Key("back", ("escape",), "esc", "back", "back", "Remove the cursor or the filter; then go back.", hinted=False),
    Key("help", ("question_mark",), "?", "help", "show_help", "Show these keys.", pinned=True),
    Key("quit", ("q",), "q", "back", "leave", "Go back to the run; in `fitmon compare`: quit.", pinned=True),
)  # fmt: skip
"""All keys, in the order of footer and help: a narrow footer has room only for the first ones."""

ACTIONS: dict[str, str] = {key: entry.action for entry in COMPARISON_KEYS for key in entry.keys}
"""The action of every key."""
