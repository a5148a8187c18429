"""The fields of a jets file that make a measured perigee."""

from itertools import combinations

PARAMETERS = ("d0", "z0", "phi", "theta", "qOverP")
"""In the order of `Tracks.parameters`."""

UNCERTAINTIES = tuple(f"{name}Uncertainty" for name in PARAMETERS)
"""Their errors."""

CORRELATIONS = {
    (i, j): f"corr_{PARAMETERS[i]}_{PARAMETERS[j]}" for i, j in combinations(range(len(PARAMETERS)), 2)
}
"""Their correlations by row and column of the covariance; one that is absent counts as zero."""
