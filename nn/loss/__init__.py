"""Losses: how far an output is from its target.

Each takes the output of one example, a Value or a list of them, or of several, a list of such lists, with
targets of the same shape. `reduction` says what comes back: "mean" or "sum" of all terms in one Value, or
"none" for the terms themselves, in lists as given. Names and defaults are PyTorch's, but `squared_error`,
`half_squared_error`, `log_loss`, `log_loss_from_logits`, `hinge`, `squared_hinge` give the sum unless told.
"""

from .binary import binary_cross_entropy as binary_cross_entropy
from .binary import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from .binary import hinge as hinge
from .binary import log_loss as log_loss
from .binary import log_loss_from_logits as log_loss_from_logits
from .binary import squared_hinge as squared_hinge
from .classes import cross_entropy as cross_entropy
from .classes import nll_loss as nll_loss
from .classes import softmax_cross_entropy as softmax_cross_entropy
from .distributions import gaussian_nll_loss as gaussian_nll_loss
from .distributions import kl_div as kl_div
from .distributions import poisson_nll_loss as poisson_nll_loss
from .regression import cosine_embedding_loss as cosine_embedding_loss
from .regression import cosine_similarity as cosine_similarity
from .regression import half_squared_error as half_squared_error
from .regression import huber_loss as huber_loss
from .regression import l1_loss as l1_loss
from .regression import l2 as l2
from .regression import mse_loss as mse_loss
from .regression import smooth_l1_loss as smooth_l1_loss
from .regression import squared_error as squared_error
