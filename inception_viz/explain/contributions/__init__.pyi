from .registry import METHODS as METHODS
from .result import Contributions as Contributions
from .scoring import contributions as contributions
