"""The vertex fit and its derivatives."""

from ndive.vertexing.constraints import Constraint as Constraint
from ndive.vertexing.constraints import beam_spot as beam_spot
from ndive.vertexing.constraints import ghost_track as ghost_track
from ndive.vertexing.constraints import line as line
from ndive.vertexing.fit import fit_vertex as fit_vertex
from ndive.vertexing.kinematics import four_momentum as four_momentum
from ndive.vertexing.kinematics import invariant_mass as invariant_mass
from ndive.vertexing.vertex import Status as Status
from ndive.vertexing.vertex import Vertex as Vertex
