from .folding import fold_batch_norm as fold_batch_norm
from .googlenet import AuxHead as AuxHead
from .googlenet import ConvBlock as ConvBlock
from .googlenet import GoogLeNet as GoogLeNet
from .googlenet import InceptionModule as InceptionModule
from .googlenet import LocalResponseNorm as LocalResponseNorm
from .googlenet import Logits as Logits
from .googlenet import Record as Record
