from .edges import flow as flow
from .result import Flow as Flow
