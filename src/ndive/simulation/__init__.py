"""Jets from Pythia 8 and FastJet, their tracks and truth labels, in the layout of the schema."""

from ndive.simulation.selection import Selection as Selection
from ndive.simulation.settings import SimulationSettings as SimulationSettings
from ndive.simulation.simulate import attributes as attributes
from ndive.simulation.simulate import rows_of_split as rows_of_split
from ndive.simulation.simulate import simulate as simulate
from ndive.simulation.store import Store as Store
from ndive.simulation.task import TaskResult as TaskResult
from ndive.simulation.task import simulate_task as simulate_task
