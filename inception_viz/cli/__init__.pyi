from .commands import main as main
from .commands import parser as parser
from .console import tensorboard_logs as tensorboard_logs
