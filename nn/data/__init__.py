"""Data: three shipped sets, generators of points, and what is done to data before training."""

from .generators import circles as circles
from .generators import moons as moons
from .generators import noisy_function as noisy_function
from .generators import sine as sine
from .generators import spirals as spirals
from .generators import xor as xor
from .prepare import Scaler as Scaler
from .prepare import Split as Split
from .prepare import one_hot as one_hot
from .prepare import split as split
from .prepare import standardize as standardize
from .rows import as_rows as as_rows
from .shipped import DataSet as DataSet
from .shipped import load_digits as load_digits
from .shipped import load_iris as load_iris
from .shipped import load_names as load_names
