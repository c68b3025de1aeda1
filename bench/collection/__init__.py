"""Runs whose truth is known, to measure the diagnosis by: recipes, the script that trains them, and what it recorded.

`python -m bench.collection.make all` trains all recipes and writes `runs.json`; `python -m bench diagnosis` reads it.
"""
