"""The loss of a large catalogue, held against what autograd makes of its formula."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from afl.models.dot_product import next_item_loss

ITEMS, NEGATIVES = 30, 20


def world(scale: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    """States (50, 8), targets (50,), items (30, 8)."""
    torch.manual_seed(0)
    states = (torch.randn(50, 8) * scale).requires_grad_()
    return states, torch.randint(ITEMS, (50,)), (torch.randn(ITEMS, 8) * scale).requires_grad_()


def slowly(states: Tensor, targets: Tensor, items: Tensor, drawn: Tensor) -> Tensor:
    """The same, a column for every draw, by cross-entropy."""
    right = (states * items[targets]).sum(1, keepdim=True)
    wrong = states @ items[drawn].T + math.log((len(items) - 1) / len(drawn))
    wrong = wrong.masked_fill(drawn == targets[:, None], -torch.inf)
    return F.cross_entropy(torch.cat([right, wrong], 1), torch.zeros_like(targets))


def both(scale: float = 1.0) -> tuple[list[Tensor], list[Tensor]]:
    """Loss, gradient of states and gradient of items: ours and the slow way, over the same draws."""
    states, targets, items = world(scale)
    torch.manual_seed(1)
    ours = next_item_loss(states, targets, items, negatives=NEGATIVES)
    torch.manual_seed(1)
    slow = slowly(states, targets, items, torch.randint(ITEMS, (NEGATIVES,)))
    return (
        [ours, *torch.autograd.grad(ours, [states, items])],
        [slow, *torch.autograd.grad(slow, [states, items])],
    )


def test_the_sampled_loss_is_cross_entropy_over_the_drawn_items() -> None:
    ours, slow = both()
    assert torch.allclose(ours[0], slow[0], rtol=1e-5)


def test_its_gradients_are_those_of_the_formula() -> None:
    ours, slow = both()
    assert torch.allclose(ours[1], slow[1], atol=1e-6)
    assert torch.allclose(ours[2], slow[2], atol=1e-6)


def test_a_target_that_is_drawn_is_not_its_own_rival() -> None:
    states, _, items = world()
    torch.manual_seed(1)
    drawn = torch.randint(ITEMS, (NEGATIVES,))[:1].expand(50)
    torch.manual_seed(1)
    with_it = next_item_loss(states, drawn, items, negatives=NEGATIVES)
    torch.manual_seed(1)
    slow = slowly(states, drawn, items, torch.randint(ITEMS, (NEGATIVES,)))
    assert torch.allclose(with_it, slow, rtol=1e-5)


def test_logits_far_apart_stay_numbers() -> None:
    ours, _ = both(scale=30.0)
    assert all(bool(part.isfinite().all()) for part in ours)


def test_a_loss_that_weighs_half_has_half_the_gradient() -> None:
    states, targets, items = world()
    whole, half = (
        torch.autograd.grad(weight * seeded_loss(states, targets, items), states)[0] for weight in (1.0, 0.5)
    )
    assert torch.allclose(half, whole / 2, atol=1e-8)


def test_a_small_catalogue_is_looked_at_whole() -> None:
    states, targets, items = world()
    loss = next_item_loss(states, targets, items, negatives=ITEMS)
    assert torch.allclose(loss, F.cross_entropy(states @ items.T, targets))


def seeded_loss(states: Tensor, targets: Tensor, items: Tensor) -> Tensor:
    torch.manual_seed(1)
    return next_item_loss(states, targets, items, negatives=NEGATIVES)
