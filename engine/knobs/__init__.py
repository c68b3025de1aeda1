"""Everything that can change while a run trains: its name, its range, and how it reaches the compiled step."""
