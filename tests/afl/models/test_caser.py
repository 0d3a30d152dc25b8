from typing import ClassVar

import pytest
import torch

from afl.models.base import NextItemModel
from afl.models.caser import Caser, CaserConfig
from tests.afl.models.contract import ModelContract
from tests.afl.models.slow import cross_entropy_by_hand


class TestCaser(ModelContract):
    model: ClassVar[type[NextItemModel]] = Caser


def network(**settings: float) -> Caser:
    torch.manual_seed(0)
    return Caser(CaserConfig(items=30, max_len=8, dim=16, order=4, **settings)).eval()  # type: ignore[arg-type]


def test_deviation_1_nothing_in_it_knows_who_the_user_is() -> None:
    sizes = {name: parameter.shape[0] for name, parameter in network().named_parameters()}
    assert [name for name, size in sizes.items() if size >= 30] == ["embedding.weight"]


@torch.no_grad()
def test_deviation_2_the_loss_is_cross_entropy_over_the_catalogue_at_every_position() -> None:
    model = network()
    batch = torch.tensor([[1, 2, 3, 4], [9, 8, 30, 30]])
    expected = cross_entropy_by_hand(model, [[1, 2, 3, 4], [9, 8]])
    assert float(model.loss(batch)) == pytest.approx(expected, rel=1e-5)


@torch.no_grad()
def test_deviation_3_a_position_looks_back_on_so_many_items() -> None:
    model = network()
    near, far = torch.tensor([[9, 1, 2, 3, 4]]), torch.tensor([[8, 1, 2, 3, 4]])
    assert torch.allclose(model(near), model(far), atol=1e-6)
    assert not torch.allclose(model(near[:, :4]), model(far[:, :4]), atol=1e-6)


@torch.no_grad()
def test_convolutions_agree_with_slow_loops() -> None:
    model = network()
    image = model.embedding(torch.tensor([3, 7, 1, 5])) * 4.0  # (L, D)
    features = []
    for height, filters in enumerate(model.horizontal, start=1):
        for kernel, bias in zip(filters.weight, filters.bias, strict=True):  # (D, height)
            sums = [(image[at : at + height].T * kernel).sum() + bias for at in range(4 - height + 1)]
            features.append(torch.relu(torch.stack(sums)).max())
    vertical = torch.stack([image.T @ kernel for kernel in model.vertical.weight], 1).flatten()  # (D * vertical)
    z = torch.relu(model.connected(torch.cat([torch.stack(features), vertical])))
    assert torch.allclose(model.encode(torch.tensor([[3, 7, 1, 5]]))[0, -1], model.out(z), atol=1e-4)


@torch.no_grad()
def test_the_order_of_items_matters() -> None:
    model = network()
    assert not torch.allclose(model(torch.tensor([[1, 2, 3]])), model(torch.tensor([[2, 1, 3]])))
