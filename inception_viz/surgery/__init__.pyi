from .operation import Keep as Keep
from .rebuilding import Operation as Operation
from .rebuilding import match_modules as match_modules
from .rebuilding import operate as operate
from .rebuilding import rebuild as rebuild
