"""A small model of each family of KerasHub that is made of numbers alone, with weights drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from tests.support.sweep.case import Arrays, Case, give_weights

WORDS = 20
STEPS = 6
BATCH = 2

_TEXT = {"vocabulary_size": WORDS, "num_layers": 2, "hidden_dim": 8, "intermediate_dim": 16}
_HEADS = {"num_heads": 2, "max_sequence_length": STEPS}
_QUERIES = {"num_query_heads": 4, "num_key_value_heads": 2}
_EXPERTS = {"num_experts": 3, "top_k": 2}
_IMAGE = {"image_shape": (32, 32, 3)}
_PATCHES = {"patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 8}
_SMOL: dict[str, Any] = {
    "num_attention_heads": 4, "num_key_value_heads": 2, "attention_bias": False, "attention_dropout": 0.0,
    "rope_layer_enabled_list": [True, False], "layer_types": ["full_attention"] * 2, "mlp_bias": False,
    "layer_norm_epsilon": 1e-5, "max_position_embeddings": 16, "rope_theta": 10000.0, "partial_rotary_factor": 1.0,
}  # fmt: skip
_T5_GEMMA: dict[str, Any] = {
    f"{side}_{key}": value
    for side in ("encoder", "decoder")
    for key, value in {
        "hidden_dim": 8, "intermediate_dim": 16, "num_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "head_dim": 4, "layer_types": ["full_attention"] * 2,
    }.items()
}  # fmt: skip

FAMILIES: dict[str, dict[str, Any]] = {
    "Albert": _TEXT | _HEADS | {"embedding_dim": 8},
    "Bart": _TEXT | _HEADS,
    "Bert": _TEXT | _HEADS,
    "Bloom": _TEXT | {"num_heads": 2},
    "DebertaV3": _TEXT | _HEADS | {"bucket_size": 4},
    "DistilBert": _TEXT | _HEADS,
    "ESM2": _TEXT | _HEADS,
    "Electra": _HEADS
    | {"vocab_size": WORDS, "embedding_dim": 8, "num_layers": 2, "hidden_dim": 8, "intermediate_dim": 16},
    "FNet": _TEXT | {"max_sequence_length": STEPS},
    "Falcon": _TEXT | {"num_attention_heads": 2},
    "GPT2": _TEXT | _HEADS,
    "GPTNeoX": _TEXT | _HEADS | {"rotary_percentage": 0.5},
    "Gemma": _TEXT | _QUERIES | {"head_dim": 4},
    "Gemma3": _TEXT | _QUERIES | {"head_dim": 4, "image_size": 16},
    "GptOss": _TEXT | _QUERIES | _EXPERTS,
    "Llama": _TEXT | _QUERIES,
    "Llama3": _TEXT | _QUERIES,
    "Mistral": _TEXT | _QUERIES,
    "Mixtral": _TEXT | _QUERIES | _EXPERTS,
    "OPT": _TEXT | _HEADS,
    "Phi3": _TEXT | _QUERIES | {"max_sequence_length": STEPS, "pretraining_sequence_length": STEPS},
    "Qwen": _TEXT | _QUERIES,
    "Qwen3": _TEXT | _QUERIES | {"head_dim": 4},
    "Qwen3Moe": _TEXT | _QUERIES | _EXPERTS | {"head_dim": 4, "moe_intermediate_dim": 8},
    "QwenMoe": _TEXT | _QUERIES | _EXPERTS | {"moe_intermediate_dim": 8, "shared_expert_intermediate_dim": 8},
    "Roberta": _TEXT | _HEADS,
    "RoformerV2": _TEXT | {"num_heads": 2, "head_size": 4},
    "SmolLM3": _TEXT | _SMOL,
    "T5": _TEXT | {"num_heads": 2},
    "T5Gemma": {"vocabulary_size": WORDS, **_T5_GEMMA},
    "Whisper": _TEXT
    | {"num_heads": 2, "num_mels": 8, "max_encoder_sequence_length": 2 * STEPS, "max_decoder_sequence_length": STEPS},
    "XLMRoberta": _TEXT | _HEADS,
    "XLNet": _TEXT | {"num_heads": 2},
    "CSPNet": _IMAGE
    | {
        "stem_filters": 8, "stem_kernel_size": 3, "stem_strides": 2, "stackwise_depth": [1, 1],
        "stackwise_strides": [1, 2], "stackwise_num_filters": [8, 16], "block_type": "dark_block", "stage_type": "dark",
    },
    "DINOV2": _IMAGE | _PATCHES | {"intermediate_dim": 16, "position_embedding_shape": (32, 32, 3)},
    "DINOV3": _IMAGE | _PATCHES | {"intermediate_dim": 16},
    "DeiT": _IMAGE | _PATCHES | {"intermediate_dim": 16},
    "DenseNet": _IMAGE | {"stackwise_num_repeats": [2, 2], "growth_rate": 4},
    "HGNetV2": _IMAGE
    | {
        "depths": [1, 1], "embedding_size": 8, "hidden_sizes": [16, 24], "stem_channels": [3, 8, 8],
        "hidden_act": "relu", "use_learnable_affine_block": True,
        "stackwise_stage_filters": [[8, 8, 16, 1, 3, 3], [16, 8, 24, 1, 3, 3]], "apply_downsample": [False, True],
        "use_lightweight_conv_block": [False, True],
    },
    "MiT": _IMAGE
    | {
        "layerwise_depths": [1, 1], "num_layers": 2, "layerwise_num_heads": [1, 2], "layerwise_sr_ratios": [2, 1],
        "max_drop_path_rate": 0.1, "layerwise_patch_sizes": [7, 3], "layerwise_strides": [4, 2],
        "hidden_dims": [8, 16],
    },
    "ResNet": _IMAGE
    | {
        "input_conv_filters": [64], "input_conv_kernel_sizes": [7], "stackwise_num_filters": [64, 128],
        "stackwise_num_blocks": [1, 1], "stackwise_num_strides": [1, 2], "block_type": "basic_block",
    },
    "SwinTransformer": _IMAGE | {"embed_dim": 8, "depths": [2, 2], "num_heads": [2, 2], "window_size": 4},
    "VGG": _IMAGE | {"stackwise_num_repeats": [1, 1], "stackwise_num_filters": [8, 16]},
    "ViT": _IMAGE | _PATCHES | {"patch_size": (8, 8), "mlp_dim": 16},
    "ViTDet": _IMAGE
    | {
        "hidden_size": 8, "num_layers": 2, "intermediate_dim": 16, "num_heads": 2,
        "global_attention_layer_indices": [1], "window_size": 2, "num_output_channels": 8,
    },
    "Xception": _IMAGE
    | {"stackwise_conv_filters": [[8, 8], [16, 16]], "stackwise_pooling": [True, False]},
}  # fmt: skip


def cases() -> Iterator[Case]:
    """A case for each family; KerasHub has to be installed."""
    for name, settings in FAMILIES.items():
        yield Case(name, _builder(name, settings), samples)


def _builder(name: str, settings: dict[str, Any]) -> Any:
    def build() -> Any:
        import keras_hub

        model = getattr(keras_hub.models, f"{name}Backbone")(**settings)
        give_weights(model)
        return model

    return build


def samples(model: Any) -> Arrays:
    """Words, masks and images for a model's inputs."""
    generator = np.random.default_rng(3)
    return [_sample(item, generator) for item in model.inputs]


def _sample(item: keras.KerasTensor, generator: np.random.Generator) -> np.ndarray:
    shape = (BATCH, *(STEPS if size is None else size for size in item.shape[1:]))
    if "mask" in item.name:
        mask = np.ones(shape, "float32")
        mask[1, -1:] = 0.0  # the second text is shorter
        return mask
    if "int" in str(item.dtype):
        return generator.integers(0, 2 if "segment" in item.name else WORDS, shape).astype("float32")
    return generator.uniform(-1.0, 1.0, shape).astype("float32")
