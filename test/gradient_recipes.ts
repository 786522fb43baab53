/** @file Inputs and attrs for comparing each op's gradient with finite differences, where the defaults do not do. */
import * as tf from '../src';
import {
  array,
  byChoice,
  cube,
  eigen,
  first,
  flow,
  i32,
  i64,
  image,
  M,
  make,
  norm,
  normGrad,
  poolGrad,
  type Recipe,
  scattered,
  solved,
  square,
  symmetric,
  window2,
  window3,
  written,
} from './gradient_builders';

const flags = (...x: boolean[]): tf.Value => tf.Value.from(x, 'bool');
const wide = { range: [-3, 3] } as const;

const broadcast = (x = 'x', y = 'y'): Recipe => ({ in: { [x]: M, [y]: [3] } });
const all = (names: readonly string[], recipe: Recipe): Record<string, Recipe> =>
  Object.fromEntries(names.map((n) => [n, recipe]));

const segments: Recipe = { in: { data: [4, 2], segment_ids: i32([0, 0, 1, 2]) } };
const unsorted: Recipe = { in: { data: [4, 2], segment_ids: i32([2, 0, 2, 1]), num_segments: i32(3) } };
const sparse: Recipe = { in: { data: [4, 2], indices: i32([3, 0, 0]), segment_ids: i32([0, 0, 1]) } };
const scatter = (x: string): Recipe => ({ in: { [x]: [4, 2], indices: i32([[2], [0]]), updates: [2, 2] } });
const along: Recipe = { in: { input: M, reduction_indices: i32([1]) } };
const stitch: Recipe = {
  in: {
    indices: [i32([0, 2]), i32([1, 3])],
    data: [
      [2, 2],
      [2, 2],
    ],
  },
};
const spread = { shape: i32([4, 5]), begin: i32([0, 1]), end: i32([3, 4]), strides: i32([2, 1]) };
const conv2 = { strides: [1, 2, 1, 1], padding: 'SAME' };
const conv3 = { strides: [1, 1, 2, 1, 1], padding: 'VALID' };
const blocks = {
  input: [1, 4, 2, 1],
  block_shape: i32([2, 1]),
  paddings: i32([
    [0, 0],
    [1, 0],
  ]),
};
const unblocks = {
  input: [2, 2, 2, 1],
  block_shape: i32([2, 1]),
  crops: i32([
    [0, 0],
    [1, 0],
  ]),
};

export const RECIPES: Readonly<Record<string, Recipe>> = {
  ...all(
    [
      'Add',
      'AddV2',
      'Sub',
      'Mul',
      'Div',
      'RealDiv',
      'DivNoNan',
      'Maximum',
      'Minimum',
      'SquaredDifference',
      'Pow',
      'MulNoNan',
      'Xlogy',
      'Xdivy',
      'FloorMod',
    ],
    broadcast(),
  ),
  ...all(['FloorDiv', 'TruncateDiv'], { ...broadcast(), none: ['x', 'y'] }),
  ...all(
    [
      'Abs',
      'Neg',
      'Sign',
      'Tanh',
      'Sigmoid',
      'Softplus',
      'Softsign',
      'Relu',
      'Elu',
      'Selu',
      'LeakyRelu',
      'Sin',
      'Cos',
      'Square',
    ],
    wide,
  ),
  ...all(['Relu6', 'ReluGrad', 'EluGrad', 'SeluGrad', 'SoftplusGrad', 'LeakyReluGrad', 'Relu6Grad'], {
    range: [-2, 9],
  }),
  ...all(['EluGrad', 'SeluGrad'], { range: [-0.9, 2] }),
  Acosh: { range: [1.5, 3] },
  Zeta: { in: { x: M, q: [3] }, range: [1.5, 3], none: ['x'] },
  Polygamma: { in: { a: tf.Value.from([1, 2, 3], 'float64'), x: M } },
  Igamma: { in: { a: tf.Value.from([1, 2, 3], 'float64'), x: M } },
  ...all(['Floor', 'Ceil', 'Round', 'Rint'], { none: ['x'] }),
  ...all(['ArgMax', 'ArgMin'], { in: { input: M, dimension: i32(0) }, none: ['input'] }),
  Cast: { attrs: { DstT: 'float64' } },
  CheckNumerics: { attrs: { message: 'here' } },
  SparseTensorDenseAdd: {
    in: {
      a_indices: i64([
        [0, 1],
        [1, 2],
      ]),
      a_values: [2],
      a_shape: i64([2, 3]),
      b: M,
    },
  },
  PreventGradient: { of: [], build: () => [] },
  IdentityN: { in: { input: [M, [2]] } },
  ExpandDims: { in: { input: M, dim: i32(1) } },
  Squeeze: { in: { input: [2, 1, 3] } },
  EnsureShape: { attrs: { shape: [2, null] } },
  BroadcastTo: { in: { input: [2, 1], shape: i32([2, 3]) } },
  Slice: { in: { input: [4, 5], begin: i32([1, 0]), size: i32([2, -1]) } },
  StridedSlice: {
    in: { input: [4, 5], begin: i32([3, 1]), end: i32([0, 4]), strides: i32([-2, 1]) },
    attrs: { end_mask: 2 },
  },
  StridedSliceGrad: { in: { ...spread, dy: [2, 3] } },
  SpaceToBatchND: { in: { ...blocks, input: [1, 4, 3, 1], block_shape: i32([2, 2]) } },
  BatchToSpaceND: { in: unblocks },
  SpaceToBatch: {
    in: {
      input: [1, 2, 4, 1],
      paddings: i32([
        [0, 0],
        [1, 1],
      ]),
    },
    attrs: { block_size: 2 },
  },
  BatchToSpace: {
    in: {
      input: [4, 1, 2, 1],
      crops: i32([
        [0, 0],
        [1, 0],
      ]),
    },
    attrs: { block_size: 2 },
  },
  SpaceToDepth: { in: { input: [1, 2, 4, 1] }, attrs: { block_size: 2 } },
  DepthToSpace: { in: { input: [1, 1, 2, 4] }, attrs: { block_size: 2 } },
  ...all(['Transpose', 'ConjugateTranspose'], { in: { x: [2, 3, 2], perm: i32([1, 2, 0]) } }),
  Reverse: { in: { tensor: M, dims: flags(false, true) } },
  ReverseV2: { in: { tensor: M, axis: i32([1]) } },
  ReverseSequence: { in: { input: [2, 4], seq_lengths: i64([3, 2]) }, attrs: { seq_dim: 1 } },
  Roll: { in: { input: M, shift: i32([1, -1]), axis: i32([0, 1]) } },
  ...all(['SparseSegmentSum', 'SparseSegmentMean', 'SparseSegmentSqrtN'], sparse),
  ...all(['SegmentSum', 'SegmentMean', 'SegmentMin', 'SegmentMax'], segments),
  ...all(['UnsortedSegmentSum', 'UnsortedSegmentProd', 'UnsortedSegmentMin', 'UnsortedSegmentMax'], unsorted),
  ...all(['DynamicStitch', 'ParallelDynamicStitch'], stitch),
  DynamicPartition: { in: { data: [4, 2], partitions: i32([1, 0, 1, 0]) }, attrs: { num_partitions: 2 } },
  ScatterNd: { in: { indices: i32([[3], [1]]), updates: [2, 2], shape: i32([4, 2]) } },
  ...all(['TensorScatterAdd', 'TensorScatterSub', 'TensorScatterUpdate'], scatter('tensor')),
  ScatterNdNonAliasingAdd: scatter('input'),
  SparseToDense: {
    in: { sparse_indices: i32([[1], [3]]), output_shape: i32([5]), sparse_values: [2], default_value: [] },
  },
  TopK: { attrs: { k: 2 } },
  TopKV2: { in: { input: [2, 4], k: i32(2) } },
  Gather: { in: { params: [4, 2], indices: i32([3, 0, 3]) } },
  GatherV2: { in: { params: [4, 2], indices: i32([1, 0, 1]), axis: i32(1) } },
  GatherNd: {
    in: {
      params: [3, 2],
      indices: i32([
        [2, 1],
        [0, 0],
        [2, 1],
      ]),
    },
  },
  Tile: { in: { input: M, multiples: i32([2, 3]) } },
  Pad: {
    in: {
      input: M,
      paddings: i32([
        [1, 0],
        [0, 2],
      ]),
    },
  },
  PadV2: {
    in: {
      input: M,
      paddings: i32([
        [1, 0],
        [0, 2],
      ]),
      constant_values: [],
    },
    none: ['constant_values'],
  },
  MirrorPad: {
    in: {
      input: M,
      paddings: i32([
        [1, 0],
        [0, 2],
      ]),
    },
    attrs: { mode: 'REFLECT' },
  },
  MirrorPadGrad: {
    in: {
      input: [3, 5],
      paddings: i32([
        [1, 0],
        [0, 2],
      ]),
    },
    attrs: { mode: 'SYMMETRIC' },
  },
  Concat: { in: { concat_dim: i32(1), values: [M, [2, 1]] } },
  ConcatV2: { in: { values: [M, [2, 1]], axis: i32(-1) } },
  Split: { in: { split_dim: i32(1), value: [2, 4] }, attrs: { num_split: 2 } },
  SplitV: { in: { value: [2, 4], size_splits: i32([1, 3]), split_dim: i32(1) }, attrs: { num_split: 2 } },
  Pack: { in: { values: [M, M] }, attrs: { axis: 1 } },
  Unpack: { attrs: { num: 3, axis: 1 } },
  ...all(['Cumsum', 'Cumprod'], { in: { x: M, axis: i32(1) }, attrs: { exclusive: true, reverse: true } }),
  ...all(['Sum', 'Mean', 'Prod', 'Max', 'Min'], along),
  MatMul: { in: { a: [3, 2], b: [4, 3] }, attrs: { transpose_a: true, transpose_b: true } },
  BatchMatMul: { in: { x: [2, 3, 2], y: [2, 3, 2] }, attrs: { adj_x: true } },
  BatchMatMulV2: { in: { x: [2, 1, 2, 3], y: [2, 2, 3] }, attrs: { adj_y: true } },
  ...all(['AddN'], { in: { inputs: [M, M, M] } }),
  AccumulateNV2: { in: { inputs: [M, M] }, attrs: { shape: M } },
  Select: { in: { condition: flags(true, false), t: M, e: M } },
  SelectV2: { in: { condition: flags(true, false, true), t: M, e: [2, 1] } },
  PlaceholderWithDefault: { attrs: { shape: M } },
  Reshape: { in: { tensor: M, shape: i32([3, -1]) } },
  Fill: { in: { dims: i32([2, 2]), value: [] } },
  LRN: { in: { input: [1, 2, 2, 6] }, attrs: { depth_radius: 2 }, float32: true },
  ...all(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'], norm),
  FusedBatchNormGrad: normGrad(''),
  FusedBatchNormGradV2: normGrad('V2'),
  FusedBatchNormGradV3: normGrad('V3'),
  Print: { of: [M], build: (x) => first(make('Print', [x, []], { U: [], first_n: 0 })) },
  ...all(['Switch', 'Merge'], byChoice),
  ...all(['Enter', 'Exit', 'NextIteration'], flow),
  ...all(['TensorArrayWriteV3', 'TensorArrayGatherV3'], written),
  ...all(['TensorArrayScatterV3', 'TensorArrayReadV3'], scattered),
  TensorArrayConcatV3: {
    of: [[3, 2]],
    build: (x) =>
      array(2, x, false)
        .split(x, i64([1, 2]))
        .concat(),
  },
  TensorArraySplitV3: {
    of: [[3, 2]],
    build: (x) =>
      array(2, x, false)
        .split(x, i64([1, 2]))
        .read(i32(1)),
  },
  ...all(['BiasAdd', 'BiasAddV1'], { in: { value: [2, 2, 3], bias: [3] } }),
  BiasAddGrad: { in: { out_backprop: [2, 2, 3] } },
  Conv2D: { in: { input: image, filter: [2, 2, 2, 2] }, attrs: conv2 },
  Conv2DBackpropInput: {
    in: { input_sizes: i32(image), filter: [2, 2, 2, 2], out_backprop: [1, 2, 3, 2] },
    attrs: conv2,
  },
  Conv2DBackpropFilter: {
    in: { input: image, filter_sizes: i32([2, 2, 2, 2]), out_backprop: [1, 2, 3, 2] },
    attrs: conv2,
  },
  Conv3D: { in: { input: cube, filter: [2, 2, 1, 1, 2] }, attrs: conv3 },
  Conv3DBackpropInputV2: {
    in: { input_sizes: i32(cube), filter: [2, 2, 1, 1, 2], out_backprop: [1, 2, 1, 2, 2] },
    attrs: conv3,
  },
  Conv3DBackpropFilterV2: {
    in: { input: cube, filter_sizes: i32([2, 2, 1, 1, 2]), out_backprop: [1, 2, 1, 2, 2] },
    attrs: conv3,
  },
  DepthwiseConv2dNative: {
    in: { input: image, filter: [2, 2, 2, 2] },
    attrs: { strides: [1, 1, 1, 1], padding: 'SAME' },
  },
  DepthwiseConv2dNativeBackpropInput: {
    in: { input_sizes: i32(image), filter: [2, 2, 2, 2], out_backprop: [1, 4, 3, 4] },
    attrs: { strides: [1, 1, 1, 1], padding: 'SAME' },
  },
  DepthwiseConv2dNativeBackpropFilter: {
    in: { input: image, filter_sizes: i32([2, 2, 2, 2]), out_backprop: [1, 4, 3, 4] },
    attrs: { strides: [1, 1, 1, 1], padding: 'SAME' },
  },
  MaxPool: { in: { input: image }, attrs: window2 },
  AvgPool: { in: { value: image }, attrs: window2 },
  MaxPoolV2: {
    in: { input: image, ksize: i32(window2.ksize), strides: i32(window2.strides) },
    attrs: { padding: 'SAME' },
  },
  MaxPoolGrad: poolGrad('MaxPoolGrad', image, window2),
  MaxPoolGradV2: poolGrad('MaxPoolGradV2', image, { padding: 'SAME' }, [i32(window2.ksize), i32(window2.strides)]),
  MaxPoolGradGrad: poolGrad('MaxPoolGradGrad', image, window2),
  AvgPoolGrad: { in: { orig_input_shape: i32(image), grad: [1, 2, 2, 2] }, attrs: window2 },
  MaxPool3D: { in: { input: cube }, attrs: window3, float32: true },
  MaxPool3DGrad: poolGrad('MaxPool3DGrad', cube, window3),
  MaxPool3DGradGrad: poolGrad('MaxPool3DGradGrad', cube, window3),
  AvgPool3D: { in: { input: cube }, attrs: window3 },
  AvgPool3DGrad: { in: { orig_input_shape: i32(cube), grad: [1, 2, 1, 1, 1] }, attrs: window3 },
  // Both rules take for granted that the labels are distributions, and leave out the second output.
  SoftmaxCrossEntropyWithLogits: {
    of: [M, M],
    build: (f, l) => first(make('SoftmaxCrossEntropyWithLogits', [f, tf.nn.softmax(l)])),
  },
  SparseSoftmaxCrossEntropyWithLogits: { in: { features: M, labels: i32([2, 0]) }, out: [0] },
  ResourceGather: { of: [[4, 2]], kind: 'resource', build: (v) => tf.gather(v, i32([3, 0, 3])) },
  ResourceGatherNd: {
    of: [[4, 2]],
    kind: 'resource',
    build: (v) =>
      tf.gatherNd(
        v,
        i32([
          [3, 1],
          [0, 0],
        ]),
      ),
  },
  ReadVariableOp: { of: [M], kind: 'resource', build: (v) => tf.square(v) },
  RefIdentity: {
    of: [M],
    kind: 'ref',
    build: (v) => first(make('RefIdentity', [(v as unknown as { ref: tf.Tensor }).ref])),
  },
  ...Object.fromEntries(
    ['MatrixInverse', 'MatrixDeterminant', 'LogMatrixDeterminant', 'Qr'].map((n) => [n, square(n)]),
  ),
  ...Object.fromEntries(['MatrixSolve', 'MatrixTriangularSolve'].map((n) => [n, solved(n)])),
  Cholesky: symmetric('Cholesky'),
  SelfAdjointEigV2: eigen,
  MatrixSolveLs: {
    in: { matrix: [4, 2], rhs: [4, 1], l2_regularizer: tf.Value.from(0.1, 'float64') },
  },
  CropAndResize: {
    in: {
      image: [1, 5, 5, 1],
      boxes: tf.Value.from([[0.1, 0.2, 0.8, 0.9]], 'float32'),
      box_ind: i32([0]),
      crop_size: i32([3, 2]),
    },
    float32: true,
  },
  Dilation2D: {
    in: { input: [1, 4, 3, 2], filter: [2, 2, 2] },
    attrs: { strides: [1, 1, 1, 1], rates: [1, 1, 1, 1], padding: 'VALID' },
  },
  MaxPoolWithArgmax: { in: { input: image }, attrs: window2, out: [0] },
  RGBToHSV: {
    of: [M],
    float32: true,
    build: (x) =>
      make('RGBToHSV', [
        tf
          .constant([
            [0.2, 0.5, 0.8],
            [0.9, 0.3, 0.6],
          ])
          .add(x.mul(0.1)),
      ]),
  },
  ResizeBicubic: { in: { images: [1, 3, 3, 1], size: i32([4, 5]) }, float32: true },
  ResizeBilinear: { in: { images: [1, 2, 3, 2], size: i32([3, 5]) }, float32: true },
  ResizeNearestNeighbor: { in: { images: [1, 2, 3, 2], size: i32([3, 5]) } },
  MatrixSetDiag: { in: { input: M, diagonal: [2] } },
  MatrixBandPart: { in: { input: [3, 3], num_lower: i64(1), num_upper: i64(0) } },
  DiagPart: { in: { input: [3, 3] } },
};
/** Gradient rules that are told apart only by the kind of input: the rule of another op, word for word. */
export const SAME_RULE: Readonly<Record<string, string>> = {
  RefSwitch: 'Switch',
  RefMerge: 'Merge',
  RefEnter: 'Enter',
  RefExit: 'Exit',
  RefNextIteration: 'NextIteration',
};
const sampler = { num_true: 1, num_sampled: 2, unique: true };
/** Ops without a gradient that need attrs. */
export const NO_GRADIENT: Readonly<Record<string, Recipe>> = {
  ...all(['UniformCandidateSampler', 'LogUniformCandidateSampler'], { attrs: { ...sampler, range_max: 5 } }),
  AllCandidateSampler: { attrs: sampler },
};
