from .document import Report as Report
from .document import build as build
from .document import failed as failed
from .document import report_name as report_name
from .insights import Insight as Insight
from .insights import Shown as Shown
from .insights import insights_from as insights_from
from .insights import remarkable as remarkable
