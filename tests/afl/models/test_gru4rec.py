from typing import ClassVar

import pytest
import torch

from afl.models.base import NextItemModel
from afl.models.gru4rec import GRU4Rec, GRU4RecConfig
from tests.afl.models.contract import ModelContract
from tests.afl.models.slow import cross_entropy_by_hand


class TestGRU4Rec(ModelContract):
    model: ClassVar[type[NextItemModel]] = GRU4Rec


def network(**settings: float) -> GRU4Rec:
    torch.manual_seed(0)
    return GRU4Rec(GRU4RecConfig(items=30, max_len=8, dim=16, hidden=12, **settings)).eval()  # type: ignore[arg-type]


@torch.no_grad()
def test_deviation_1_the_loss_is_cross_entropy_over_the_catalogue_at_every_position() -> None:
    model = network()
    batch = torch.tensor([[1, 2, 3, 4], [9, 8, 30, 30]])
    expected = cross_entropy_by_hand(model, [[1, 2, 3, 4], [9, 8]])
    assert float(model.loss(batch)) == pytest.approx(expected, rel=1e-5)


def test_deviation_2_items_in_and_items_out_share_one_embedding() -> None:
    names = [name for name, parameter in network().named_parameters() if 30 <= parameter.shape[0] <= 31]
    assert names == ["embedding.weight"]


@torch.no_grad()
def test_deviation_3_a_window_begins_with_an_empty_state() -> None:
    model = network()
    together = model.encode(torch.tensor([[1, 2, 3], [4, 5, 6]]))
    assert torch.allclose(together[1:], model.encode(torch.tensor([[4, 5, 6]])), atol=1e-6)


@torch.no_grad()
def test_the_network_agrees_with_the_equations_of_a_gated_recurrent_unit() -> None:
    model = network()
    x, h = model.embedding(torch.tensor([3])) * 4.0, torch.zeros(1, 12)
    for item in (3, 7):
        x = model.embedding(torch.tensor([item])) * 4.0
        into, back = x @ model.gru.weight_ih_l0.T, h @ model.gru.weight_hh_l0.T
        reset_in, update_in, new_in = (into + model.gru.bias_ih_l0).chunk(3, 1)
        reset_back, update_back, new_back = (back + model.gru.bias_hh_l0).chunk(3, 1)
        reset, update = torch.sigmoid(reset_in + reset_back), torch.sigmoid(update_in + update_back)
        h = (1 - update) * torch.tanh(new_in + reset * new_back) + update * h
    assert torch.allclose(model.encode(torch.tensor([[3, 7]]))[:, -1], model.out(h), atol=1e-5)


@torch.no_grad()
def test_the_order_of_items_matters() -> None:
    model = network()
    assert not torch.allclose(model(torch.tensor([[1, 2, 3]])), model(torch.tensor([[2, 1, 3]])))
