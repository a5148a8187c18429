"""What a jets file is, as data: columns, dtypes, units, enums, class order, aliases, splits and labels."""

from ndive.schema.derived import angle_between as angle_between
from ndive.schema.derived import derived_columns as derived_columns
from ndive.schema.loading import load_schema as load_schema
from ndive.schema.origins import VERTEX_TOLERANCE as VERTEX_TOLERANCE
from ndive.schema.origins import origin_labels as origin_labels
from ndive.schema.particles import TAU as TAU
from ndive.schema.particles import has_heavy_quark as has_heavy_quark
from ndive.schema.rows import in_slots as in_slots
from ndive.schema.rows import rank_within as rank_within
from ndive.schema.rows import structured as structured
from ndive.schema.schema import Field as Field
from ndive.schema.schema import Flavour as Flavour
from ndive.schema.schema import Job as Job
from ndive.schema.schema import Origin as Origin
from ndive.schema.schema import OriginClass as OriginClass
from ndive.schema.schema import Schema as Schema
from ndive.schema.splits import SPLITS as SPLITS
from ndive.schema.splits import Fractions as Fractions
from ndive.schema.splits import Split as Split
from ndive.schema.splits import check_fractions as check_fractions
from ndive.schema.splits import split_of_event as split_of_event
