"""How far an accuracy may lie from what more samples would show."""

import math

Z_95 = 1.959963984540054
"""95 % of a normal distribution lie within so many standard deviations of its mean."""


def wilson_interval(right: int, samples: int) -> tuple[float, float] | None:
    """Return the lower and upper end of the 95 % band of a share `right / samples`, in [0, 1]; None without samples.

    Wilson 1927 (doi:10.1080/01621459.1927.10502953). It stays within [0, 1] and keeps its width at 0 and 1, where the
    usual normal band has none. Two accuracies within each other's band are not told apart by this number of samples.
    """
    if samples == 0:
        return None
    share, noise = right / samples, Z_95**2 / samples
    middle = share + noise / 2
    half_width = Z_95 * math.sqrt(share * (1 - share) / samples + noise / (4 * samples))
    return max(0.0, (middle - half_width) / (1 + noise)), min(1.0, (middle + half_width) / (1 + noise))
