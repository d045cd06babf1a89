from .method import Contributions as Contributions
from .scoring import METHODS as METHODS
from .scoring import contributions as contributions
