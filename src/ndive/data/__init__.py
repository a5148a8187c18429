"""Jets files in and out: writing, opening with checks, streaming batches, and what is in a file."""

from ndive.data.batch import Batch as Batch
from ndive.data.batch import first_slots as first_slots
from ndive.data.batch import packed as packed
from ndive.data.batch import padded as padded
from ndive.data.batch import taken as taken
from ndive.data.batches import batch_rows as batch_rows
from ndive.data.batches import batches as batches
from ndive.data.batches import sequential_batches as sequential_batches
from ndive.data.finding import find_files as find_files
from ndive.data.opening import open_sample as open_sample
from ndive.data.sample import Sample as Sample
from ndive.data.sink import written_hdf5 as written_hdf5
from ndive.data.truth import Truth as Truth
from ndive.data.writing import write_datasets as write_datasets
from ndive.data.writing import write_sample as write_sample
from ndive.schema import Split as Split
