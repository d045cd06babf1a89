from .code import code as code
from .saving import save_code as save_code
from .saving import save_onnx as save_onnx
