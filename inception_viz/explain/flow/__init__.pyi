from .difference import flow_difference as flow_difference
from .edges import flow as flow
from .result import Flow as Flow
from .result import Kernels as Kernels
