"""chainrule's networks: neurons, layers, MLPs, losses, optimizers and training on scalar Values."""

import sys
from typing import TYPE_CHECKING

from ..engine import TrainingWarning as TrainingWarning
from . import init as init
from .activation import ACTIVATIONS as ACTIVATIONS
from .activation import elu as elu
from .activation import gelu as gelu
from .activation import identity as identity
from .activation import leaky_relu as leaky_relu
from .activation import relu as relu
from .activation import sigmoid as sigmoid
from .activation import silu as silu
from .activation import softplus as softplus
from .activation import softsign as softsign
from .activation import tanh as tanh
from .callbacks import EarlyStopping as EarlyStopping
from .callbacks import StopTraining as StopTraining
from .callbacks import TrainingState as TrainingState
from .clip import clip_grad_norm as clip_grad_norm
from .clip import clip_grad_norm_ as clip_grad_norm_
from .clip import clip_grad_value as clip_grad_value
from .clip import clip_grad_value_ as clip_grad_value_
from .compiled import compiled_step as compiled_step
from .data import DataSet as DataSet
from .data import Scaler as Scaler
from .data import Split as Split
from .data import circles as circles
from .data import load_digits as load_digits
from .data import load_iris as load_iris
from .data import load_names as load_names
from .data import moons as moons
from .data import noisy_function as noisy_function
from .data import one_hot as one_hot
from .data import sine as sine
from .data import spirals as spirals
from .data import split as split
from .data import standardize as standardize
from .data import xor as xor
from .deltas import DeltaTable as DeltaTable
from .deltas import delta_table as delta_table
from .descent_path import DescentPath as DescentPath
from .dropout import Dropout as Dropout
from .embedding import Embedding as Embedding
from .history import History as History
from .history import Scores as Scores
from .layer import Layer as Layer
from .layer import Linear as Linear
from .loss import binary_cross_entropy as binary_cross_entropy
from .loss import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from .loss import cosine_embedding_loss as cosine_embedding_loss
from .loss import cosine_similarity as cosine_similarity
from .loss import cross_entropy as cross_entropy
from .loss import gaussian_nll_loss as gaussian_nll_loss
from .loss import half_squared_error as half_squared_error
from .loss import hinge as hinge
from .loss import huber_loss as huber_loss
from .loss import kl_div as kl_div
from .loss import l1_loss as l1_loss
from .loss import l2 as l2
from .loss import log_loss as log_loss
from .loss import log_loss_from_logits as log_loss_from_logits
from .loss import mse_loss as mse_loss
from .loss import nll_loss as nll_loss
from .loss import poisson_nll_loss as poisson_nll_loss
from .loss import smooth_l1_loss as smooth_l1_loss
from .loss import softmax_cross_entropy as softmax_cross_entropy
from .loss import squared_error as squared_error
from .loss import squared_hinge as squared_hinge
from .lr_scheduler import CosineAnnealingLR as CosineAnnealingLR
from .lr_scheduler import ExponentialLR as ExponentialLR
from .lr_scheduler import LambdaLR as LambdaLR
from .lr_scheduler import LinearLR as LinearLR
from .lr_scheduler import LRScheduler as LRScheduler
from .lr_scheduler import MultiStepLR as MultiStepLR
from .lr_scheduler import ReduceLROnPlateau as ReduceLROnPlateau
from .lr_scheduler import SequentialLR as SequentialLR
from .lr_scheduler import StepLR as StepLR
from .mlp import MLP as MLP
from .module import Module as Module
from .module import Parameter as Parameter
from .neuron import Neuron as Neuron
from .optimizer import LBFGS as LBFGS
from .optimizer import SGD as SGD
from .optimizer import Adagrad as Adagrad
from .optimizer import Adam as Adam
from .optimizer import AdamW as AdamW
from .optimizer import Optimizer as Optimizer
from .optimizer import ParameterGroup as ParameterGroup
from .optimizer import RMSprop as RMSprop
from .pytorch_names import in_place_of as _in_place_of
from .saving import load as load
from .saving import load_state as load_state
from .saving import save as save
from .sequential import Flatten as Flatten
from .sequential import Lambda as Lambda
from .sequential import Sequential as Sequential
from .sparse import SparseLayer as SparseLayer
from .sparse import SparseNeuron as SparseNeuron
from .train import evaluate as evaluate
from .train import fit as fit

if not TYPE_CHECKING:
    # `from chainrule.nn import *` gives no module but init, for init.constant(0.5) and the like.
    _inner = [name for name, held in globals().items() if isinstance(held, type(sys)) and name != "init"]
    __all__ = [
        name for name in globals() if not name.startswith("_") and name not in (*_inner, "TYPE_CHECKING")
    ]

    # Unseen by type checkers: with this they would believe that every name is there.
    def __getattr__(name):
        """Raise AttributeError that says what to write in the place of a name of torch.nn."""
        said = f"module {__name__!r} has no attribute {name!r}"
        if instead := _in_place_of(name):
            raise AttributeError(f"{said}: {instead}")
        raise AttributeError(said, name=name, obj=sys.modules[__name__])
