"""Pure drawing functions: values, width and height in, rows of text out. Nothing here imports Textual."""
