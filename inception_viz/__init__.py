"""See how GoogLeNet thinks: which branch of which inception module fires, and why.

>>> import inception_viz as iv
>>> clf = iv.load("bvlc")
>>> trace = clf.trace("cat.jpg")
>>> trace.predictions(k=5)
>>> trace.branches["4c"]["5x5"]
>>> iv.contributions(clf, trace, "tabby").to_frame()
>>> iv.grad_cam(clf, trace)["5b"]
"""

from lazy_loader import attach_stub

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
