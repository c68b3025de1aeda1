"""The widgets, one per file; `tui.drawing` draws them."""
