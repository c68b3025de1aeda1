"""All recipes of the collection. `made` says how; `labels` what that alone shows, before any rule on held-back data."""

from bench.collection.general import GeneralRecipe
from bench.collection.recipe import Recipe
from bench.collection.recipes.data_faults import DATA
from bench.collection.recipes.differing_validation import DIFFERING
from bench.collection.recipes.faults import NO_SIGNAL, SICK
from bench.collection.recipes.fits import TOO_LARGE, TOO_SMALL, WELL_MADE
from bench.collection.recipes.fits_of_numbers import FITS_OF_NUMBERS
from bench.collection.recipes.healthy_classes import CLASSES
from bench.collection.recipes.healthy_depths import DEEP, IMAGES, SEVERAL, STREAMED
from bench.collection.recipes.healthy_losses import LOSSES
from bench.collection.recipes.healthy_numbers import NUMBERS
from bench.collection.recipes.healthy_sequences import SEQUENCES
from bench.collection.recipes.knob_changes import STEERED
from bench.collection.recipes.rates import RATES
from bench.collection.recipes.small_validation import SHARED_OR_SMALL
from bench.collection.recipes.sources import SOURCES
from bench.collection.recipes.wrong_models import LAGGING, PENALIZED, VANISHING
from bench.collection.recipes.wrong_order import WRONG_ORDER
from bench.collection.recipes.wrong_outputs import MISMATCHED
from bench.collection.recipes.wrong_scales import REGRESSIONS
from bench.collection.recipes.wrong_targets import WRONG_TARGETS

OF_CLASSES: tuple[Recipe, ...] = (
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
"""Of classes, with samples held back."""

FAULTY: tuple[GeneralRecipe, ...] = (
    *DIFFERING,
    *SHARED_OR_SMALL,
    *WRONG_TARGETS,
    *REGRESSIONS,
    *FITS_OF_NUMBERS,
    *LAGGING,
    *VANISHING,
    *PENALIZED,
    *MISMATCHED,
    *WRONG_ORDER,
)
"""Of any shape, with a fault, mostly after questions that were asked in public."""

HEALTHY: tuple[GeneralRecipe, ...] = (
    *CLASSES.healthy(),
    *DEEP.healthy(),
    *STREAMED.healthy(),
    *SEVERAL.healthy(),
    *SEQUENCES.healthy(),
    *IMAGES.healthy(),
    *NUMBERS.healthy(),
    *LOSSES.healthy(),
)
"""Of any shape, in which nothing is to be changed."""

RECIPES: tuple[Recipe | GeneralRecipe, ...] = (*OF_CLASSES, *FAULTY, *HEALTHY)
"""In the order in which they are trained and stored."""
