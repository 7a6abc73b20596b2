"""How the output of a block joins what flows past it: plain addition, or residual streams (hyper_connections.py).

A residual holds the maps of all sites and none of the tokens; `State` is what flows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from ..blocks.hyper_connections import Site, StreamHead, collapse, expand, spread
from ..config import UnsupportedModel
from .config import CompositeConfig, HyperConnections, LayerConfig
from .weights import Weights

State = Any
Block = Callable[[Tensor], Tensor]


class Residual(Protocol):
    def begin(self, embedding: Tensor) -> State:
        """From token embeddings [n, D]."""
        ...

    def through(self, state: State, layer: int, site: int, block: Block) -> State:
        """Past a block, [n, D] -> [n, D]; site 0 is before attention, 1 before the feed-forward."""
        ...

    def streams(self, state: State) -> Tensor:
        """[n, S, D]; one stream where there is but one."""
        ...

    def with_streams(self, state: State, streams: Tensor) -> State:
        """The state with other streams [n, S, D]."""
        ...

    def end(self, state: State) -> Tensor:
        """[n, D], what the last norm reads."""
        ...


class PlainResidual:
    """x + F(x)."""

    def begin(self, embedding: Tensor) -> Tensor:
        return embedding

    def through(self, state: Tensor, layer: int, site: int, block: Block) -> Tensor:
        return state + block(state)

    def streams(self, state: Tensor) -> Tensor:
        return state.unsqueeze(1)

    def with_streams(self, state: Tensor, streams: Tensor) -> Tensor:
        return streams[:, 0]

    def end(self, state: Tensor) -> Tensor:
        return state


class StreamResidual:
    """Hyper-connections; the state is the streams [n, S, D]. `weights` holds hc_head_*."""

    def __init__(self, config: HyperConnections, sites: list[tuple[Site, Site]], weights: Weights) -> None:
        self.config = config
        self.sites = sites
        self.head = StreamHead(config, weights)

    def begin(self, embedding: Tensor) -> Tensor:
        return spread(embedding, self.config.streams)

    def through(self, state: Tensor, layer: int, site: int, block: Block) -> Tensor:
        maps = self.sites[layer][site].maps(state)
        return expand(state, block(collapse(state, maps.pre)), maps)

    def streams(self, state: Tensor) -> Tensor:
        return state

    def with_streams(self, state: Tensor, streams: Tensor) -> Tensor:
        return streams

    def end(self, state: Tensor) -> Tensor:
        return self.head(state)


class SinglePassResidual:
    """V4.1's hyper-connections; the state is the streams and the collapse that the site before has chosen."""

    def __init__(self, config: HyperConnections, sites: list[tuple[Site, Site]]) -> None:
        self.config = config
        self.sites = sites

    def begin(self, embedding: Tensor) -> tuple[Tensor, Tensor]:
        first = torch.zeros(embedding.shape[0], self.config.streams)
        first[:, 0] = 1
        return spread(embedding, self.config.streams), first

    def through(self, state: tuple[Tensor, Tensor], layer: int, site: int, block: Block) -> tuple[Tensor, Tensor]:
        streams, pre = state
        maps = self.sites[layer][site].maps(streams)
        return expand(streams, block(collapse(streams, pre)), maps), maps.pre

    def streams(self, state: tuple[Tensor, Tensor]) -> Tensor:
        return state[0]

    def with_streams(self, state: tuple[Tensor, Tensor], streams: Tensor) -> tuple[Tensor, Tensor]:
        return streams, state[1]

    def end(self, state: tuple[Tensor, Tensor]) -> Tensor:
        return collapse(*state)


def residual(
    layers: tuple[LayerConfig, ...], config: CompositeConfig, weights: list[Weights], head: Weights
) -> Residual:
    """The residual of `layers`, whose weights are `weights`; `head` holds hc_head_*. All layers are of one kind."""
    kinds = {layer.residual for layer in layers}
    if len(kinds) != 1:
        raise UnsupportedModel(f"layers of one model have different residuals: {', '.join(sorted(kinds))}")
    if kinds == {"plain"}:
        return PlainResidual()
    if config.hyper is None:
        raise UnsupportedModel("the configuration has layers with hyper-connections, but not their sizes")
    hyper = config.hyper
    sites = [(Site(hyper, layer, "hc_attn"), Site(hyper, layer, "hc_ffn")) for layer in weights]
    if kinds == {"mhc"}:
        return StreamResidual(hyper, sites, head)
    return SinglePassResidual(hyper, sites)
