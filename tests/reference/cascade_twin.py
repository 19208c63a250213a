"""A plain dense twin of the cascade, in outputs and not in losses, straight from the formulas.

Nothing is shared with the package: every step computes every firm, every product and every market anew.
"""

import numpy as np


def cascade_twin(W, industry, classes, down, up, *, phi=None, market=None, size=None, costs=None, revenue=None,
                 weights=None, tolerance=1e-2, stop="output", max_iterations=10**6, as_reference=False):  # fmt: skip
    """One scenario. W and classes are n x n (class of each pair), industry and market are numbers from 0.

    With `as_reference` an emptied market counts as 1, as in GLcascade, and shocks may be above 1.

    Returns what is left of each firm downstream and upstream, the number of steps and the index before and after
    the last one.
    """
    n = len(W)
    phi = np.ones((n, n)) if phi is None else phi
    sales, bought = W.sum(axis=1), W.sum(axis=0)
    size = sales if size is None else size
    weights = (sales if weights is None else weights) / (sales if weights is None else weights).sum()
    costs = bought if costs is None else costs
    revenue = sales if revenue is None else revenue
    one_product = np.equal.outer(industry, industry)  # sellers of one product
    product = one_product.astype(float) @ W  # what j buys of the product that i makes
    with np.errstate(invalid="ignore", divide="ignore"):
        share_down = np.nan_to_num(np.where(classes == 2, W / product * (bought / costs), W / costs)) * (classes > 0)
        share_up = np.nan_to_num(W / revenue[:, None])
    hd, hu = 1 - down, 1 - up

    def index():
        return weights @ (1 - np.minimum(hd, hu))

    before, after, steps = 0.0, index(), 0
    while True:
        steps += 1
        sigma = _reference_sigma(hd, market, size) if as_reference else _sigma(W, hd, phi, market, size)
        miss = sigma * share_down * (1 - phi * hd[:, None])
        new_d = np.minimum(1 - down, 1 - np.where(classes == 1, miss, 0).sum(axis=0))
        critical = np.where(classes == 2, miss, 0)
        for k in set(industry):
            new_d = np.minimum(new_d, 1 - critical[industry == k].sum(axis=0))
        new_u = np.minimum(1 - up, 1 - (share_up * (1 - phi * hu)).sum(axis=1))
        new_d, new_u = np.maximum(new_d, 0), np.maximum(new_u, 0)
        fall = max((hd - new_d).max(), (hu - new_u).max())
        hd, hu = new_d, new_u
        before, after = after, index()
        settled = after == 0 if before == 0 else after / before <= 1 + tolerance
        if (fall <= tolerance if stop == "output" else settled) or steps == max_iterations:
            return hd, hu, steps, before, after


def _sigma(W, hd, phi, market, size):
    """What buyer j feels of seller i: its size against what j still finds in the market of i."""
    n = len(W)
    sigma = np.ones((n, n))
    if market is None:
        return sigma
    for i in range(n):
        rivals = market == market[i]
        for j in range(n):
            reach = np.where(W[:, j] > 0, phi[:, j], 1.0)  # a firm that j never bought from is there, as published
            left = (size * hd * reach)[rivals].sum()
            if left > 1e-12 * size[rivals].sum():
                sigma[i, j] = min(1.0, size[i] / left)
    return sigma


def _reference_sigma(hd, market, size):
    if market is None:
        return 1.0
    left = np.array([(size * hd)[market == g].sum() for g in market])
    return np.minimum(1.0, size / np.where(left <= 1e-10, 1.0, left))[:, None]


def esri_twin(W, industry, essential, *, down, up, weights, **options):
    """All scenarios (columns of down and up) and weights: index as K x Q x 3, steps, losses as n x K."""
    classes = essential[np.ix_(industry, industry)]
    share = weights / weights.sum(axis=0)
    runs = [
        cascade_twin(W, industry, classes, d, u, weights=weights[:, 0], **options)
        for d, u in zip(down.T, up.T, strict=True)
    ]
    hd, hu = np.column_stack([run[0] for run in runs]), np.column_stack([run[1] for run in runs])
    index = np.stack([(1 - h).T @ share for h in (np.minimum(hd, hu), hd, hu)], axis=2)
    return index, np.array([run[2] for run in runs]), 1 - hd, 1 - hu
