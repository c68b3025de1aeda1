"""Everything that may change while a run lives: what it is called, what it may be, and how it reaches the graph."""
