"""Columns of tracks that follow from the perigee and the jet axis."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

Columns = Mapping[str, np.ndarray]


def derived_columns(
    perigee: Columns, jet_eta: Float[np.ndarray, " n"], jet_phi: Float[np.ndarray, " n"]
) -> dict[str, np.ndarray]:
    """What a file says of tracks beside their perigees, for the jet axis of each track.

    `perigee` has the parameters, their errors and, where it is not 0, `corr_z0_theta`, in mm, rad and 1/GeV.
    The significance of d0 is positive where the perigee lies ahead along the jet axis, that of z0 where the
    track crosses the beam line ahead.
    """
    d0, z0, phi, theta = (perigee[name] for name in ("d0", "z0", "phi", "theta"))
    eta = -np.log(np.tan(theta / 2))
    deta, dphi = eta - jet_eta, angle_between(phi, jet_phi)
    z0_sine, z0_sine_error = z0 * np.sin(theta), _error_of_z0_sine(perigee)
    d0_sign = np.where(d0 * np.sin(-dphi) >= 0, 1.0, -1.0)
    z0_sign = np.where(-deta * z0 >= 0, 1.0, -1.0)
    return {
        "pt": np.sin(theta) / np.abs(perigee["qOverP"]),
        "eta": eta,
        "z0SinTheta": z0_sine,
        "z0SinThetaUncertainty": z0_sine_error,
        "deta": deta,
        "dphi": dphi,
        "dr": np.hypot(deta, dphi),
        "lifetimeSignedD0Significance": d0_sign * np.abs(d0) / perigee["d0Uncertainty"],
        "lifetimeSignedZ0SinThetaSignificance": z0_sign * np.abs(z0_sine) / z0_sine_error,
    }


def angle_between(
    first: Float[np.ndarray, "*#n"], second: Float[np.ndarray, "*#n"]
) -> Float[np.ndarray, "*n"]:
    """`first` minus `second` in [-pi, pi)."""
    return (first - second + np.pi) % (2 * np.pi) - np.pi


def _error_of_z0_sine(perigee: Columns) -> Float[np.ndarray, " n"]:
    """Error of z0 sin(theta), linear in the errors of z0 and theta."""
    of_z0 = np.sin(perigee["theta"]) * perigee["z0Uncertainty"]
    of_theta = perigee["z0"] * np.cos(perigee["theta"]) * perigee["thetaUncertainty"]
    correlation = perigee.get("corr_z0_theta", 0.0)
    return np.sqrt(of_z0**2 + of_theta**2 + 2 * correlation * of_z0 * of_theta)
