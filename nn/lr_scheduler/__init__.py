"""Schedules of the learning rate, as torch.optim.lr_scheduler: call `step()` after each epoch.

Each computes the next rate of every group from its last one, so that schedules on one optimizer
combine, and a rate that you set by hand is where they go on from.
"""

from .base import ByEpoch as ByEpoch
from .base import LRScheduler as LRScheduler
from .by_epoch import CosineAnnealingLR as CosineAnnealingLR
from .by_epoch import ExponentialLR as ExponentialLR
from .by_epoch import LambdaLR as LambdaLR
from .by_epoch import LinearLR as LinearLR
from .by_epoch import MultiStepLR as MultiStepLR
from .by_epoch import StepLR as StepLR
from .plateau import ReduceLROnPlateau as ReduceLROnPlateau
from .sequential import SequentialLR as SequentialLR
