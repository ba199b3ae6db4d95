"""Which cards a picture of a graph has, whatever its size.

`part.py` chooses the values that are shown, `neurons.py` folds weighted sums with their activations into
cards of rows, `kinds.py`, `groups.py` and `coarse.py` put values that are alike, or belong to one scope,
into one card, `figures.py` says what stands on such a card, and `plan.py` decides which of these it is.
Everything is linear in the number of values, and nothing recurses.
"""
