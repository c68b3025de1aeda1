"""All recipes of the collection. `made` says how; `labels` what that alone shows, before any rule on held-back data."""

from bench.collection.recipe import Recipe
from bench.collection.recipes.data_faults import DATA
from bench.collection.recipes.faults import NO_SIGNAL, SICK
from bench.collection.recipes.fits import TOO_LARGE, TOO_SMALL, WELL_MADE
from bench.collection.recipes.knob_changes import STEERED
from bench.collection.recipes.rates import RATES
from bench.collection.recipes.sources import SOURCES

RECIPES: tuple[Recipe, ...] = (
    *SOURCES,
    *TOO_LARGE,
    *WELL_MADE,
    *TOO_SMALL,
    *NO_SIGNAL,
    *RATES,
    *SICK,
    *DATA,
    *STEERED,
)
"""In the order in which they are trained and stored."""
