"""Which cards a picture of a graph has, whatever its size.

`part.py` chooses the values that are shown, `neurons.py` folds weighted sums with their activations into
cards of rows. `kinds.py` finds values that are alike or belong to one scope, `merged.py` which kinds share
a card, `leaves.py` where leaves go, `groups.py` makes the cards of it and `figures.py` says what stands on
them. `plan.py` decides which of these it is.
Everything is linear in the number of values, and nothing recurses.
"""
