from .matching import match_modules as match_modules
from .operation import Keep as Keep
from .rebuilding import operate as operate
from .rebuilding import rebuild as rebuild
from .report import Fate as Fate
from .report import LayerFate as LayerFate
from .report import Operation as Operation
