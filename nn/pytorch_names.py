"""What PyTorch has as a class and chainrule as a function, so that asking for the class says so."""

_ACTIVATIONS = {
    "ELU": "elu",
    "GELU": "gelu",
    "Identity": "identity",
    "LeakyReLU": "leaky_relu",
    "ReLU": "relu",
    "SiLU": "silu",
    "Sigmoid": "sigmoid",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tanh": "tanh",
}
_LOSSES = {
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "CrossEntropyLoss": "cross_entropy",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "HuberLoss": "huber_loss",
    "KLDivLoss": "kl_div",
    "L1Loss": "l1_loss",
    "MSELoss": "mse_loss",
    "NLLLoss": "nll_loss",
    "PoissonNLLLoss": "poisson_nll_loss",
    "SmoothL1Loss": "smooth_l1_loss",
}
_OTHERS = {
    "LogSoftmax": "it is a function, from chainrule.engine import log_softmax; a Sequential takes it",
    "ModuleDict": "a plain dictionary in an attribute will do, the parameters in it are found",
    "ModuleList": "a plain list in an attribute will do, the parameters in it are found",
    "ParameterDict": "a plain dictionary in an attribute will do, the parameters in it are found",
    "ParameterList": "a plain list in an attribute will do, the parameters in it are found",
    "Softmax": "it is a function, from chainrule.engine import softmax; a Sequential takes it",
    "functional": "its functions are in chainrule.nn itself",
    "optim": "its optimizers are in chainrule.nn itself, the schedules too",
}


def in_place_of(name: str) -> str:
    """Return what to write in the place of a name of torch.nn; empty for one that has no counterpart.

    >>> in_place_of("ReLU")
    "activations are functions: write nn.relu, or 'relu', in a Sequential, a Layer or an MLP"
    >>> in_place_of("MSELoss")
    'losses are functions: nn.mse_loss(outputs, targets), settings by keyword'
    """
    if name in _ACTIVATIONS:
        own = _ACTIVATIONS[name]
        return f"activations are functions: write nn.{own}, or {own!r}, in a Sequential, a Layer or an MLP"
    if name in _LOSSES:
        return f"losses are functions: nn.{_LOSSES[name]}(outputs, targets), settings by keyword"
    return _OTHERS.get(name, "")
