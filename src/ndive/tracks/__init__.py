"""Tracks and the exact helix: perigees, points along a track, impact parameters."""

from ndive.tracks.conventions import CURVATURE_CONSTANT as CURVATURE_CONSTANT
from ndive.tracks.conventions import PION_MASS as PION_MASS
from ndive.tracks.conventions import STRAIGHT as STRAIGHT
from ndive.tracks.conventions import absolute_momentum as absolute_momentum
from ndive.tracks.conventions import curvature as curvature
from ndive.tracks.conventions import wrap_angle as wrap_angle
from ndive.tracks.helix import move_perigee as move_perigee
from ndive.tracks.helix import perigee_from_state as perigee_from_state
from ndive.tracks.helix import point_at_arc_length as point_at_arc_length
from ndive.tracks.impact import ImpactParameters as ImpactParameters
from ndive.tracks.impact import impact_parameters as impact_parameters
from ndive.tracks.jet import Jet as Jet
from ndive.tracks.tracks import HARMLESS as HARMLESS
from ndive.tracks.tracks import Tracks as Tracks
