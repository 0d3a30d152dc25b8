"""The sub-trajectory-balance loss of Flower, as a function of log probabilities and log process rewards.

With known flows F the balance of a sub-trajectory m..n reads F(s_m) prod pi = F(s_n), so its loss is

    L(m, n) = ( sum_{t=m}^{n-1} log pi(y_{t+1} | s_t) - sum_{t=m}^{n-1} log R_p(s_t -> s_{t+1}) )^2

The terminator is an ordinary step; see docs/algorithms/flower.md for why nothing else may end a trajectory.
B trajectories (paths in the prefix tree), T tokens, V tokens of the vocabulary, S steps.
"""

import torch
from torch import Tensor

WHOLE_TITLE = 0
"""The granularity of one state per trajectory."""


def subtb_loss(log_pi: Tensor, log_rewards: Tensor, mask: Tensor, *, granularity: int = 1) -> Tensor:
    """The mean of L(m, n) over all pairs of states m < n of all paths, a scalar; zero exactly where pi = R_p.

    `log_pi` and `log_rewards` are (B, T) in nats; `mask` is (B, T), true on the contiguous tokens of each
    path. `granularity` n groups n tokens into one step between states, `WHOLE_TITLE` all of them.

    With C_n the sum of log pi - log R_p up to state n, L(m, n) = (C_n - C_m)^2, and over the N states of a path
    sum_{m<n} (C_n - C_m)^2 = N sum C^2 - (sum C)^2 = N sum (C - mean C)^2: memory and time are linear in T.
    Computed in float32, or wider where `log_pi` is.
    """
    precision = torch.promote_types(log_pi.dtype, torch.float32)
    difference = log_pi.to(precision) - log_rewards.to(precision)
    sums = torch.where(mask, difference, 0).cumsum(dim=1)  # (B, T)
    states = _states(mask, granularity).to(precision)  # (B, T); the state before the first token has sum 0
    count = states.sum(dim=1) + mask.any(dim=1)  # (B,)
    mean = (sums * states).sum(dim=1) / count.clamp(min=1)  # (B,)
    spread = ((sums - mean[:, None]).square() * states).sum(dim=1) + mean.square()
    pairs = count * (count - 1) / 2
    return (count * spread).sum() / pairs.sum().clamp(min=1)


def legal_loss(log_pi: Tensor, rows: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Negative log of the total probability of the legal tokens, summed along each path, mean over the paths.

    `log_pi` is (S, V) with one row per step, `rows` and `tokens` list the tokens that are legal at each step (at least
    one per step), `mask` is (B, T) with S true entries. Not in the paper: an option that moves onto the tree the
    probability mass that the balance alone leaves outside it.
    """
    legal = log_pi.to(torch.promote_types(log_pi.dtype, torch.float32))[rows, tokens]
    top = torch.full_like(log_pi[:, 0], -torch.inf, dtype=legal.dtype)
    top = top.scatter_reduce(0, rows, legal.detach(), "amax")
    log_mass = torch.zeros_like(top).index_add(0, rows, (legal - top[rows]).exp()).log() + top  # (S,)
    return -log_mass.sum() / mask.any(dim=1).sum().clamp(min=1)


def _states(mask: Tensor, granularity: int) -> Tensor:
    """(B, T) which tokens are followed by a state: every n-th of a path, and its last."""
    position = mask.cumsum(dim=1)  # 1 on the first token of a path
    last = mask & (position == position[:, -1:])
    return last if granularity == WHOLE_TITLE else mask & (last | (position % granularity == 0))
