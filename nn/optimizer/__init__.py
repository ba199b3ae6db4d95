"""Optimizers: what to do with a gradient. Signatures and steps are PyTorch's.

Each is a rule and little else: a function from numbers, gradients and a state, all in lists, to the new
numbers and the new state. It changes nothing itself and needs no more than arithmetic, so it runs on
Values as it does on floats.
"""

from .adagrad import Adagrad as Adagrad
from .adam import Adam as Adam
from .adam import AdamW as AdamW
from .base import Optimizer as Optimizer
from .group import ParameterGroup as ParameterGroup
from .lbfgs import LBFGS as LBFGS
from .rmsprop import RMSprop as RMSprop
from .sgd import SGD as SGD
