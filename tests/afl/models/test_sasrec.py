import math
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from afl.models.base import NextItemModel
from afl.models.sasrec import Block, SASRec, SASRecConfig
from tests.afl.models.contract import ModelContract
from tests.afl.models.slow import cross_entropy_by_hand


class TestSASRec(ModelContract):
    model: ClassVar[type[NextItemModel]] = SASRec


def network(**settings: float) -> SASRec:
    torch.manual_seed(0)
    return SASRec(SASRecConfig(items=30, max_len=8, dim=16, **settings)).eval()  # type: ignore[arg-type]


@torch.no_grad()
def test_deviation_1_the_loss_is_cross_entropy_over_the_catalogue_at_every_position() -> None:
    model = network()
    batch = torch.tensor([[1, 2, 3, 4], [9, 8, 30, 30]])
    assert float(model.loss(batch)) == pytest.approx(
        cross_entropy_by_hand(model, [[1, 2, 3, 4], [9, 8]]), rel=1e-5
    )


@torch.no_grad()
def test_deviation_1_of_a_large_catalogue_a_uniform_sample_estimates_the_loss() -> None:
    model = network(negatives=20)
    batch = torch.tensor([[1, 2, 3, 4], [9, 8, 30, 30]])
    drawn = torch.stack([model.loss(batch) for _ in range(400)])
    assert float(drawn.mean()) == pytest.approx(cross_entropy_by_hand(model, [[1, 2, 3, 4], [9, 8]]), rel=0.01)


@torch.no_grad()
def test_deviation_2_a_block_without_weights_passes_its_input_on_unchanged() -> None:
    block = Block(SASRecConfig(items=30, dim=16)).eval()
    for parameter in block.parameters():
        parameter.zero_()
    x = torch.randn(2, 3, 16) * 5 + 2
    assert torch.equal(block(x), x)


@torch.no_grad()
def test_deviation_3_positions_count_from_the_first_item_read() -> None:
    model = network()
    padded = torch.tensor([[4, 5, 30, 30, 30]])
    assert torch.allclose(model.encode(padded)[:, :2], model.encode(torch.tensor([[4, 5]])), atol=1e-6)


@torch.no_grad()
def test_attention_agrees_with_a_slow_loop() -> None:
    attention = network().blocks[0].attention
    x = torch.randn(1, 4, 16)
    query, key, value = attention.query_key_value(x)[0].view(4, 3, 2, 8).unbind(1)  # (T, H, D / H) each
    mixed = torch.zeros(4, 2, 8)
    for t in range(4):
        for head in range(2):
            weights = torch.softmax(key[: t + 1, head] @ query[t, head] / math.sqrt(8), 0)
            mixed[t, head] = weights @ value[: t + 1, head]
    assert torch.allclose(attention(x)[0], attention.out(mixed.view(4, 16)), atol=1e-5)


def test_the_order_of_items_matters() -> None:
    model = network()
    assert not torch.allclose(model(torch.tensor([[1, 2, 3]])), model(torch.tensor([[2, 1, 3]])))


def test_dropout_is_only_active_in_training() -> None:
    model, history = network(dropout=0.5), torch.tensor([[1, 2, 3]])
    assert torch.equal(model(history), model(history))
    assert not torch.equal(model.train()(history), model(history))


def test_items_in_and_items_out_share_one_embedding() -> None:
    model = network()
    names = [name for name, parameter in model.named_parameters() if 30 <= parameter.shape[0] <= 31]
    assert names == ["embedding.weight"]


def test_padding_never_learns() -> None:
    model = network().train()
    model.loss(torch.tensor([[1, 2, 30, 30]])).backward()  # type: ignore[no-untyped-call]
    assert model.embedding.weight.grad is not None
    assert not model.embedding.weight.grad[30].any()


def test_every_setting_and_deviation_is_documented() -> None:
    page = Path(__file__).parents[3] / "docs" / "algorithms" / "sasrec.md"
    text = page.read_text(encoding="utf-8")
    missing = [name for name in SASRecConfig.__dataclass_fields__ if f"`{name}`" not in text]
    assert missing == []
