"""The sub-trajectory-balance loss, against cases by hand, a slow loop and finite differences."""

import pytest
import torch
from torch import Tensor

from afl.flower.loss import WHOLE_TITLE, legal_loss, subtb_loss
from afl.flower.prefix_tree import PrefixTree

TITLES = ["aab", "aa", "b", "abba", "ab"]


def slow(log_pi: Tensor, log_rewards: Tensor, mask: Tensor) -> float:
    """Every pair of states, one by one."""
    squares = []
    for pi, reward, on in zip(log_pi.tolist(), log_rewards.tolist(), mask.tolist(), strict=True):
        steps = [a - b for a, b, inside in zip(pi, reward, on, strict=True) if inside]
        for m in range(len(steps)):
            squares += [sum(steps[m:n]) ** 2 for n in range(m + 1, len(steps) + 1)]
    return sum(squares) / len(squares)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor, Tensor]:
    draws = torch.Generator().manual_seed(5)
    log_pi, log_rewards = -torch.rand(2, 6, 9, generator=draws, dtype=torch.float64) * 8
    return log_pi, log_rewards, torch.arange(9) < torch.tensor([9, 1, 4, 7, 2, 9])[:, None]


def test_one_step_is_the_square_of_its_difference() -> None:
    loss = subtb_loss(torch.tensor([[-1.0]]), torch.tensor([[-3.0]]), torch.tensor([[True]]))
    assert loss.item() == pytest.approx(4)


def test_two_steps_are_three_parts() -> None:
    loss = subtb_loss(torch.tensor([[-1.0, -2.0]]), torch.tensor([[-2.0, -4.0]]), torch.tensor([[True, True]]))
    assert loss.item() == pytest.approx((1**2 + 2**2 + 3**2) / 3)


def test_parts_of_all_paths_count_alike() -> None:
    log_pi, mask = torch.tensor([[1.0, 2.0], [5.0, 9.0]]), torch.tensor([[True, True], [True, False]])
    assert subtb_loss(log_pi, torch.zeros(2, 2), mask).item() == pytest.approx((1 + 4 + 9 + 25) / 4)


def test_a_whole_path_is_one_part() -> None:
    log_pi = torch.tensor([[1.0, 2.0, 4.0]])
    loss = subtb_loss(log_pi, torch.zeros(1, 3), log_pi > 0, granularity=WHOLE_TITLE)
    assert loss.item() == pytest.approx(49)


def test_two_tokens_to_a_state_leave_the_last_one_to_itself() -> None:
    log_pi = torch.tensor([[1.0, 2.0, 4.0]])
    loss = subtb_loss(log_pi, torch.zeros(1, 3), log_pi > 0, granularity=2)
    assert loss.item() == pytest.approx((3**2 + 4**2 + 7**2) / 3)


def test_it_equals_a_slow_loop_over_all_pairs(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    assert subtb_loss(*batch).item() == pytest.approx(slow(*batch), rel=1e-12)


def test_it_equals_the_slow_loop_over_grouped_tokens(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    log_pi, log_rewards, _ = batch
    grouped = [each.reshape(6, 3, 3).sum(dim=2) for each in (log_pi, log_rewards)]
    loss = subtb_loss(log_pi, log_rewards, torch.ones(6, 9, dtype=torch.bool), granularity=3)
    assert loss.item() == pytest.approx(slow(*grouped, torch.ones(6, 3, dtype=torch.bool)), rel=1e-12)


def test_a_path_may_begin_anywhere(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    log_pi, log_rewards, mask = (torch.nn.functional.pad(each, (3, 0), value=1) for each in batch)
    mask[:, :3] = False
    assert subtb_loss(log_pi, log_rewards, mask).item() == pytest.approx(slow(*batch), rel=1e-12)


def test_masked_tokens_have_no_effect(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    log_pi, log_rewards, mask = batch
    changed = torch.where(mask, log_pi, torch.nan)
    assert subtb_loss(changed, log_rewards, mask).item() == subtb_loss(*batch).item()


def test_it_is_0_at_the_true_flow() -> None:
    tree = PrefixTree.build(TITLES, lambda text: [ord(letter) for letter in text], 0)
    nodes = tree.nodes([0, 1, 2, 3, 4])
    log_rewards = torch.from_numpy(tree.log_process_rewards(tree.flows([5, 1, 7, 2, 9]))[nodes])
    assert subtb_loss(log_rewards.clone(), log_rewards, torch.from_numpy(nodes >= 0)).item() == 0


def test_its_gradient_matches_finite_differences(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    log_pi, log_rewards, mask = batch

    def loss(values: Tensor) -> Tensor:
        return subtb_loss(values, log_rewards, mask, granularity=2)

    assert torch.autograd.gradcheck(loss, log_pi.requires_grad_())


def test_half_precision_is_computed_in_float32(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    log_pi, log_rewards, mask = batch
    loss = subtb_loss(log_pi.bfloat16(), log_rewards.float(), mask)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(
        slow(log_pi.bfloat16().double(), log_rewards.float().double(), mask), rel=1e-5
    )


def test_memory_is_linear_in_the_length() -> None:
    long = torch.rand(1, 200_000)  # all pairs would be 20,000,000,000 numbers
    assert subtb_loss(long, long.flip(1), long >= 0).isfinite()


def test_the_legal_term_is_the_log_of_the_legal_tokens_probability() -> None:
    log_pi = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.4, 0.4, 0.2]]).log()
    rows, tokens = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 2, 2, 1])
    mask = torch.tensor([[True, True], [True, False]])
    loss = legal_loss(log_pi, rows, tokens, mask)
    assert loss.item() == pytest.approx(-torch.tensor([0.75, 0.7, 0.4]).log().sum().item() / 2)


def test_the_legal_term_is_0_where_all_mass_is_on_the_tree() -> None:
    log_pi = torch.tensor([[0.5, 0.5, 0.0]]).log()
    loss = legal_loss(log_pi, torch.tensor([0, 0]), torch.tensor([0, 1]), torch.tensor([[True]]))
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_the_legal_term_s_gradient_matches_finite_differences() -> None:
    rows, tokens = torch.tensor([0, 0, 1]), torch.tensor([0, 2, 2])

    def loss(logits: Tensor) -> Tensor:
        return legal_loss(logits.log_softmax(dim=1), rows, tokens, torch.tensor([[True, True]]))

    assert torch.autograd.gradcheck(loss, torch.randn(2, 3, dtype=torch.float64, requires_grad=True))
