from .between import channel_diagram as channel_diagram
from .between import channel_nodes as channel_nodes
from .between import kernel_tile as kernel_tile
from .diagram import Ends as Ends
from .diagram import flow_diagram as flow_diagram
from .streams import flow_bars as flow_bars
from .streams import flow_sentence as flow_sentence
from .streams import named as named
