"""How much each unit could make at most, by repeated passes over whole arrays."""

import numpy as np


def reach(allowed, seller, value, ptr, buyer, is_critical, need, revenue, tolerance):
    """The greatest fixed point, from above: K x n."""
    K, n = allowed.shape[0], revenue.size
    h = np.ones((K, n))
    of = np.repeat(np.arange(buyer.size), np.diff(ptr))
    while True:
        before = h.copy()
        got = np.zeros((K, buyer.size))
        flow = np.minimum(value * allowed, revenue[seller] * h[:, seller])
        np.add.at(got.T, of, flow.T)
        limit = got / need
        limit = np.where(is_critical == 1, limit, (1.0 + limit) / 2.0)
        np.minimum.at(h.T, buyer, limit.T)
        if (before - h).max(initial=0.0) <= tolerance:
            return h
