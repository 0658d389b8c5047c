"""Kinds of Keras models that people train, small, for comparing what they predict in three formats."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from keras.src.applications.efficientnet import DEFAULT_BLOCKS_ARGS, EfficientNet

from tests.support.models.model_kind import Doubling, Kind, Model, Subclassed, functional, sequential


def _mlp() -> Model:
    return sequential(
        (6,), layers.Dense(8, activation="relu"), layers.Dropout(0.2), layers.Dense(3, activation="softmax")
    )


def _deferred() -> Model:
    model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(3)])
    model(np.zeros((5, 6), "float32"))
    return model


def _cnn() -> Model:
    return sequential(
        (12, 12, 3),
        layers.Conv2D(8, 3, padding="same", activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Conv2D(8, 3, strides=2, dilation_rate=1),
        layers.SpatialDropout2D(0.2),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
    )


def _separable() -> Model:
    return sequential(
        (10, 10, 3),
        layers.SeparableConv2D(6, 3, depth_multiplier=2, activation="relu"),
        layers.DepthwiseConv2D(3, strides=2, padding="same"),
        layers.BatchNormalization(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
    )


def _autoencoder() -> Model:
    return sequential(
        (8, 8, 2),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(2, 1, activation="sigmoid"),
    )


def _residual() -> Model:
    def call(inputs: Any) -> Any:
        x = layers.Conv2D(6, 3, padding="same", use_bias=False)(inputs)
        for _ in range(2):
            y = layers.ReLU(max_value=6.0)(layers.BatchNormalization()(x))
            y = layers.Conv2D(6, 3, padding="same", use_bias=False)(y)
            x = layers.Add()([x, y])
        return layers.Dense(3)(layers.GlobalMaxPooling2D()(x))

    return functional((10, 10, 2), call)


def _unet(interpolation: str) -> Model:
    def call(inputs: Any) -> Any:
        fine = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
        coarse = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.AveragePooling2D(2)(fine))
        wide = layers.UpSampling2D(2, interpolation=interpolation)(coarse)
        return layers.Conv2D(2, 1, activation="softmax")(layers.Concatenate()([fine, wide]))

    return functional((8, 8, 3), call)


def _conv1d(padding: str) -> Model:
    return sequential(
        (16, 3),
        layers.Conv1D(6, 3, padding=padding, dilation_rate=2, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(4, 2),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2),
    )


def _conv3d() -> Model:
    return sequential(
        (6, 6, 6, 1), layers.Conv3D(4, 3, activation="relu"), layers.MaxPooling3D(2), layers.Flatten(), layers.Dense(3)
    )


def _branches() -> Model:
    def call(inputs: Any) -> Any:
        a, b = layers.Dense(4, activation="tanh")(inputs), layers.Dense(4)(inputs)
        merged = [
            layers.Add()([a, b]),
            layers.Multiply()([a, b]),
            layers.Average()([a, b]),
            layers.Maximum()([a, b]),
            layers.Minimum()([a, b]),
        ]
        return layers.Dense(3)(layers.Concatenate()(merged))

    return functional((6,), call)


def _shared() -> Model:
    layer = layers.Dense(4, activation="tanh", name="shared")
    return functional((4,), lambda inputs: layers.Concatenate()([layer(inputs), layer(layer(inputs))]))


def _nested() -> Model:
    base = sequential((8, 8, 3), layers.Conv2D(4, 3, name="base_conv"), layers.BatchNormalization(name="base_norm"))
    head = functional((4,), layers.Dense(4, name="head_dense"))
    base.trainable = False

    def call(inputs: Any) -> Any:
        x = layers.GlobalAveragePooling2D()(base(inputs, training=False))
        return head(head(x))

    return functional((8, 8, 3), call)


def _twins() -> Model:
    first, second = (sequential((4,), layers.Dense(4, name="inner", activation="tanh")) for _ in range(2))
    return keras.Sequential([keras.Input((4,)), first, second])


def _masked() -> Model:
    return sequential(
        (6,),
        layers.Embedding(9, 5, mask_zero=True),
        layers.LSTM(6, return_sequences=True),
        layers.LSTM(4),
        layers.Dense(2),
    )


def _masked_pooling() -> Model:
    return sequential(
        (6,), layers.Embedding(9, 5, mask_zero=True, name="words"), layers.GlobalAveragePooling1D(), layers.Dense(2)
    )


def _integers() -> Model:
    inputs = keras.Input((6,), dtype="int32")
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(layers.Embedding(9, 4)(inputs))))


def _bidirectional() -> Model:
    return sequential(
        (5, 3),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.Bidirectional(layers.SimpleRNN(3), merge_mode="sum"),
        layers.Dense(2),
    )


def _time_distributed() -> Model:
    frames = layers.TimeDistributed(layers.Conv2D(3, 3, activation="relu"))
    return sequential(
        (4, 6, 6, 1), frames, layers.Reshape((4, -1)), layers.TimeDistributed(layers.Dense(4)), layers.LSTM(3)
    )


def _attention() -> Model:
    def call(inputs: Any) -> Any:
        x = layers.LayerNormalization()(inputs)
        x = layers.Add()([inputs, layers.MultiHeadAttention(2, 4)(x, x)])
        y = layers.Dense(8, activation="gelu")(layers.LayerNormalization()(x))
        return layers.Dense(2)(layers.GlobalAveragePooling1D()(layers.Add()([x, layers.Dense(8)(y)])))

    return functional((5, 8), call)


def _each_activation(names: tuple[str, ...], others: list[Any]) -> Model:
    def call(inputs: Any) -> Any:
        x = layers.Dense(4)(inputs)
        return layers.Dense(3)(
            layers.Concatenate()([*[layers.Activation(name)(x) for name in names], *[layer(x) for layer in others]])
        )

    return functional((6,), call)


def _activations() -> Model:
    names = "elu", "relu6", "selu", "sigmoid", "softplus", "softsign", "silu", "tanh", "log_softmax"
    return _each_activation(names, [layers.LeakyReLU(0.1), layers.PReLU(), layers.ELU(), layers.Softmax()])


def _odd_activations() -> Model:
    names = "hard_sigmoid", "hard_silu", "mish", "exponential", "leaky_relu"
    return _each_activation(names, [layers.ELU(0.5), layers.ReLU(negative_slope=0.1)])


def _norms() -> Model:
    return sequential(
        (5, 4, 4),
        layers.LayerNormalization(),
        layers.GroupNormalization(2),
        layers.UnitNormalization(),
        layers.BatchNormalization(axis=1),
    )


def _normalization() -> Model:
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(3).normal(3.0, 2.0, (60, 6)))
    return sequential((6,), layer, layers.Dense(3))


def _augmentation() -> Model:
    return sequential(
        (10, 10, 3),
        layers.Rescaling(0.5, offset=-0.1),
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.2),
        layers.RandomContrast(0.1),
        layers.GaussianNoise(0.1),
        layers.Conv2D(4, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(3),
    )


def _resizing() -> Model:
    return sequential(
        (9, 9, 3),
        layers.Resizing(6, 6),
        layers.CenterCrop(4, 4),
        layers.Conv2D(3, 3),
        layers.Flatten(),
        layers.Dense(2),
    )


def _shapes() -> Model:
    return sequential(
        (5, 6, 2),
        layers.ZeroPadding2D(((1, 2), (0, 1))),
        layers.Cropping2D(1),
        layers.Permute((3, 1, 2)),
        layers.Reshape((2, -1)),
        layers.Dense(3),
        layers.Flatten(),
        layers.RepeatVector(2),
    )


def _operators() -> Model:
    return functional((6,), lambda inputs: layers.Dense(3)(inputs) * 2.0 - keras.ops.tanh(inputs[:, :3]))


def _causal() -> Model:
    def call(inputs: Any) -> Any:
        x = layers.MultiHeadAttention(2, 4)(inputs, inputs, use_causal_mask=True)
        x = layers.GroupQueryAttention(8, 4, 2)(x, x, use_causal_mask=True)
        return layers.Dense(2)(x)

    return functional((4, 6), call)


def _patches() -> Model:
    def call(inputs: Any) -> Any:
        x = layers.Dense(6)(layers.Reshape((4, 48))(keras.ops.image.extract_patches(inputs, 4)))
        return layers.Dense(3)(layers.Flatten()(layers.MultiHeadAttention(2, 4)(x, x)))

    return functional((8, 8, 3), call)


def _groups() -> Model:
    return sequential(
        (8, 8, 4),
        layers.Conv2D(6, 3, groups=2, activation="gelu"),
        layers.Conv2D(6, 3, groups=6, padding="same"),
        layers.Flatten(),
        layers.Dense(3),
    )


def _otherwise(inputs: Any) -> Any:
    """What TF.js does otherwise, or has for fewer dimensions, in WebGL or on the CPU."""
    ops = keras.ops
    wide = ops.reshape(inputs, (-1, 2, 3, 2, 2))
    parts = [
        ops.tril(inputs),
        ops.triu(inputs, k=1),
        ops.cumsum(inputs, axis=-1),
        ops.einsum("...ij,...ij->...i", inputs, inputs),
        ops.one_hot(ops.argmax(inputs, axis=-1), 4, axis=1),
        inputs[:, ::-1, 3:0:-2],
        ops.fmod(inputs, 0.3),
        ops.floor_divide(inputs, 0.3),
        ops.cumsum(wide, axis=2),
        ops.flip(wide, axis=(2, 4)),
        ops.pad(wide, ((0, 0), (0, 0), (1, 0), (0, 1), (1, 1))),
        ops.where(wide > 0.0, wide, -1.0),
        ops.tile(ops.expand_dims(wide, 2), (1, 2, 2, 1, 1, 2)),
        ops.roll(inputs, 1, axis=1),
    ]
    return layers.Concatenate()([layers.Flatten()(ops.cast(part, "float32")) for part in parts])


def _subclassed() -> Model:
    model = Subclassed()
    model(np.zeros((2, 6), "float32"))
    return model


def _mobilenet_v2() -> Model:
    return keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=5)


def _efficientnet() -> Model:
    """The first three stages of B0, which have each kind of block; `scripts/sweep` has all of it."""
    stages = DEFAULT_BLOCKS_ARGS[:3]
    return EfficientNet(1.0, 1.0, 32, blocks_args=stages, input_shape=(32, 32, 3), weights=None, classes=5)


def _mobilenet_v3() -> Model:
    """MobileNetV3Small, cut off as for features once each kind of block was there; `scripts/sweep` has all of it."""
    whole = keras.applications.MobileNetV3Small((32, 32, 3), alpha=0.75, weights=None, include_top=False)
    features = whole.get_layer("expanded_conv_4_add").output
    return keras.Model(whole.input, layers.Dense(5)(layers.GlobalAveragePooling2D()(features)))


KINDS = {
    "mlp": Kind("Dense network with dropout", _mlp),
    "deferred": Kind("Sequential without an Input, built by data", _deferred),
    "cnn": Kind("Convolutional network with batch normalization", _cnn),
    "separable": Kind("Separable and depthwise convolutions", _separable),
    "autoencoder": Kind("Autoencoder with transposed convolutions", _autoencoder),
    "residual": Kind("Residual network", _residual),
    "unet": Kind("U-Net, nearest upsampling", lambda: _unet("nearest")),
    "unet_bilinear": Kind("U-Net, bilinear upsampling", lambda: _unet("bilinear")),
    "conv1d": Kind("Convolutions over time", lambda: _conv1d("same")),
    "conv1d_causal": Kind("Causal convolutions over time", lambda: _conv1d("causal")),
    "conv3d": Kind("Convolutions over volumes", _conv3d),
    "branches": Kind("Branches, merged in six ways", _branches),
    "shared": Kind("A layer used three times", _shared),
    "nested": Kind("Models in a model, one frozen, one used twice", _nested),
    "twins": Kind("Two inner models with equal layer names", _twins),
    "lstm": Kind(
        "LSTM", lambda: sequential((5, 3), layers.LSTM(6, return_sequences=True), layers.LSTM(4), layers.Dense(2))
    ),
    "lstm_any": Kind("LSTM over any number of steps", lambda: sequential((None, 3), layers.LSTM(6), layers.Dense(2))),
    "gru": Kind("GRU as Keras makes it", lambda: sequential((5, 3), layers.GRU(6), layers.Dense(2))),
    "gru_before": Kind(
        "GRU with reset_after=False", lambda: sequential((5, 3), layers.GRU(6, reset_after=False), layers.Dense(2))
    ),
    "bidirectional": Kind("Bidirectional LSTM and SimpleRNN", _bidirectional),
    "time_distributed": Kind("TimeDistributed convolutions, then LSTM", _time_distributed),
    "embedding": Kind("Embedding of integers", _integers, tokens=9),
    "masked": Kind("Embedding with a mask, then LSTM", _masked, tokens=9),
    "masked_pooling": Kind("Embedding with a mask, then pooling", _masked_pooling, tokens=9),
    "attention": Kind("Transformer block: attention, gelu", _attention),
    "causal": Kind("Attention with causal masks", _causal),
    "patches": Kind("Patches of an image, then attention", _patches),
    "groups": Kind("Groups of channels", _groups),
    "otherwise": Kind("Ops that TF.js computes otherwise", lambda: functional((6, 4), _otherwise)),
    "activations": Kind("Activations and activation layers", _activations),
    "odd_activations": Kind("hard_sigmoid, hard_silu, mish, exponential, ELU(0.5)", _odd_activations),
    "norms": Kind("Layer, group, unit and other-axis normalization", _norms),
    "normalization": Kind("Normalization adapted to data", _normalization),
    "augmentation": Kind("Rescaling and random augmentation", _augmentation),
    "resizing": Kind("Resizing and cropping of images", _resizing),
    "shapes": Kind("Padding, cropping, permuting, reshaping", _shapes),
    "operators": Kind("Operators and functions on tensors", _operators),
    "own_layer": Kind("A layer class of one's own", lambda: sequential((6,), Doubling(), layers.Dense(3))),
    "lambda": Kind("Lambda", lambda: sequential((6,), layers.Lambda(lambda x: x * x), layers.Dense(3))),
    "subclassed": Kind("A subclassed model", _subclassed),
    "mobilenet_v2": Kind("MobileNetV2", _mobilenet_v2, webgl=False),
    "mobilenet_v3": Kind("MobileNetV3Small, each kind of block once", _mobilenet_v3, pixels=True, webgl=False),
    "efficientnet": Kind("EfficientNet, each kind of block once", _efficientnet, pixels=True),
}
