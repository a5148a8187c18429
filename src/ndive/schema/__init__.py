"""What a jets file is, as data: columns, dtypes, units, enums, class order and aliases."""

from ndive.schema.schema import Field as Field
from ndive.schema.schema import Flavour as Flavour
from ndive.schema.schema import Job as Job
from ndive.schema.schema import Origin as Origin
from ndive.schema.schema import OriginClass as OriginClass
from ndive.schema.schema import Schema as Schema
from ndive.schema.schema import load_schema as load_schema
