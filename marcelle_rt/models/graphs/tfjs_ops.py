"""The TensorFlow ops that TF.js 4 runs within one step, as `GraphModel.predict` needs them.

From the op lists of `@tensorflow/tfjs-converter` 4.22, without those that make a graph asynchronous (control flow,
tensor lists, dynamic shapes), without tables, texts, sparse and ragged tensors, and without random numbers. Left out
as well are `BitwiseAnd`, which fails there, and `ImageProjectiveTransformV3`, of which its CPU computes the first image
alone. A test holds this list against Marcelle's bundle.
"""

from __future__ import annotations

_BY_KIND = {
    "arithmetic": (
        "Add AddN AddV2 BiasAdd Div DivNoNan FloorDiv FloorMod Maximum Minimum Mod Mul Pow RealDiv "
        "SquaredDifference Sub"
    ),
    "basic math": (
        "Abs Acos Acosh Asin Asinh Atan Atan2 Atanh Ceil ClipByValue Complex ComplexAbs Cos Cosh Elu Erf Exp Expm1 "
        "Floor Imag IsFinite IsInf IsNan LeakyRelu Log Log1p Neg Prelu Real Reciprocal Relu Relu6 Round Rsqrt Selu "
        "Sigmoid Sign Sin Sinh Softplus Sqrt Square Tan Tanh"
    ),
    "convolution": (
        "AvgPool AvgPool3D Conv1D Conv2D Conv2DBackpropInput Conv3D DepthwiseConv2d DepthwiseConv2dNative "
        "Dilation2D FusedDepthwiseConv2dNative MaxPool MaxPool3D MaxPoolWithArgmax _FusedConv2D"
    ),
    "creation": "Fill LinSpace OneHot Ones OnesLike Range Zeros ZerosLike",
    "evaluation": "LowerBound TopKV2 Unique UniqueV2 UpperBound",
    "graph": (
        "Const FakeQuantWithMinMaxVars Identity IdentityN NoOp Placeholder PlaceholderWithDefault Print Rank Shape "
        "ShapeN Size Snapshot StopGradient"
    ),
    "image": "CropAndResize ResizeBilinear ResizeNearestNeighbor",
    "logical": ("Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr NotEqual Select SelectV2"),
    "matrices": "BatchMatMul BatchMatMulV2 Einsum MatMul MatrixBandPart Transpose _FusedMatMul",
    "normalization": "EuclideanNorm FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN LogSoftmax Softmax",
    "reduction": "All Any ArgMax ArgMin Bincount Cumprod Cumsum DenseBincount Max Mean Min Prod Sum",
    "slicing and joining": (
        "Concat ConcatV2 Gather GatherNd GatherV2 Pack Reverse ReverseV2 ScatterNd Slice SparseToDense Split "
        "SplitV StridedSlice TensorScatterUpdate Tile Unpack"
    ),
    "spectral": "FFT IFFT IRFFT RFFT",
    "transformation": (
        "BatchToSpaceND BroadcastArgs BroadcastTo Cast DepthToSpace EnsureShape ExpandDims MirrorPad Pad PadV2 "
        "Reshape SpaceToBatchND Squeeze"
    ),
}

OPS = frozenset(op for names in _BY_KIND.values() for op in names.split())

LOOPS = ("While", "StatelessWhile", "TensorListReserve", "TensorListFromTensor", "TensorListStack")

_COMPLEX = (
    "Add AddV2 Complex ComplexAbs Concat ConcatV2 ExpandDims FFT IFFT IRFFT Identity IdentityN Imag Mul RFFT Real "
    "Reshape Squeeze Sub"
)
COMPLEX_OPS = frozenset(_COMPLEX.split())
"""Those that it has for complex numbers too."""
