"""Runs whose truth is known, to measure the diagnosis by: recipes, the script that trains them, and what it recorded.

`python -m bench.collection.make 0 all` trains all recipes and writes `runs_of_seed_0.json.gz`; `python -m bench
diagnosis` reads it and its like.
"""
