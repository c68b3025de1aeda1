"""Pure drawing: values, a width and a height in, rows of text out. Nothing here knows Textual."""
