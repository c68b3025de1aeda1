"""How far an accuracy may be from that of many more samples."""

import math

Z_95 = 1.959963984540054
"""95% of a normal distribution are within this many standard deviations of its mean."""


def wilson_interval(right: int, samples: int) -> tuple[float, float] | None:
    """Return the lower and upper end of the 95% band of a share `right / samples`, in [0, 1]; None without samples.

    Wilson 1927 (doi:10.1080/01621459.1927.10502953). It stays within [0, 1] and keeps its width at 0 and 1, where the
    normal approximation has none. This many samples cannot separate two accuracies within each other's band.
    """
    if samples == 0:
        return None
    share, noise = right / samples, Z_95**2 / samples
    middle = share + noise / 2
    half_width = Z_95 * math.sqrt(share * (1 - share) / samples + noise / (4 * samples))
    return max(0.0, (middle - half_width) / (1 + noise)), min(1.0, (middle + half_width) / (1 + noise))
