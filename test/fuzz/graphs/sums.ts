/** @file Operations that sum: reductions, running sums, products of matrices, convolutions, pools, normalizations. */
import * as tf from '../../../src';
import { type Dims, type Family, FLOATS, INTS, type Kind, kindOf, sizeOf } from '../builder';

const NUMBERS: readonly Kind[] = [...FLOATS, ...INTS];
const filled = (s: Dims): boolean => sizeOf(s) > 0;

const REDUCE = [
  [tf.reduceSum, (x: number, n: number) => x * n],
  [tf.reduceSum, (x: number, n: number) => x * n],
  [tf.reduceMean, (x: number) => x],
  [tf.reduceMax, (x: number) => x],
  [tf.reduceMin, (x: number) => x],
  [tf.reduceProd, (x: number, n: number) => Math.min(1e6, x ** n)],
] as const;
const FLOAT_REDUCE = [
  [tf.reduceLogsumexp, (x: number, n: number) => x + n],
  [tf.reduceEuclideanNorm, (x: number, n: number) => x * n],
] as const;

const reduce: Family = (b) => {
  const plain = b.dice.chance(0.85);
  const [f, grows] = b.dice.pick<readonly [unknown, (x: number, n: number) => number]>(plain ? REDUCE : FLOAT_REDUCE);
  const e = b.tame(b.take(plain ? NUMBERS : FLOATS, plain ? {} : { fits: filled }), 2);
  const rank = e.shape.length;
  const axes = b.dice
    .some(
      e.shape.map((_, i) => i),
      b.dice.int(0, rank),
    )
    .map((a) => (b.dice.chance(0.3) ? a - rank : a));
  const all = b.dice.chance(0.3);
  const list =
    axes.length === 1 && b.dice.chance(0.5) ? axes[0]! : tf.constant(axes, 'int32', { shape: [axes.length] });
  const axis = all ? null : list;
  const keepdims = b.dice.chance(0.35);
  // The mean of no whole numbers is a division by zero.
  if (f === tf.reduceMean && !filled(e.shape)) return;
  const y = (f as typeof tf.reduceSum)(e.tensor, axis, { keepdims });
  const exact = e.exact && (f === tf.reduceMax || f === tf.reduceMin);
  const bound = grows(e.bound, Math.max(1, sizeOf(e.shape)));
  if (filled(e.shape) || plain) b.add(y, { bound, exact: exact && filled(e.shape) });
};

const truths: Family = (b) => {
  const e = b.take(['bool']);
  const axis = b.dice.chance(0.4) || e.shape.length === 0 ? null : b.dice.int(-e.shape.length, e.shape.length - 1);
  b.add(b.dice.pick([tf.reduceAll, tf.reduceAny])(e.tensor, axis, { keepdims: b.dice.chance(0.3) }));
};

const running: Family = (b) => {
  const e = b.tame(b.take(NUMBERS, { fits: (s) => s.length > 0 }), 1.5);
  const options = { exclusive: b.dice.chance(0.4), reverse: b.dice.chance(0.4) };
  const axis = b.dice.int(-e.shape.length, e.shape.length - 1);
  const f = b.dice.pick([tf.cumsum, tf.cumsum, tf.cumprod]);
  b.add(f(e.tensor, axis, options), { bound: 40 + e.bound * 8 });
};

const products: Family = (b) => {
  const kind = b.dice.pick(FLOATS);
  const [m, k, n] = [0, 0, 0].map(() => b.dice.int(1, 5)) as [number, number, number];
  const [transposeA, transposeB] = [b.dice.chance(0.4), b.dice.chance(0.4)];
  const batch = b.dice.chance(0.3) ? b.shape({ rank: b.dice.int(1, 2) }) : [];
  const x = b.tame(b.take([kind], { shape: [...batch, ...(transposeA ? [k, m] : [m, k])] }), 2);
  const y = b.tame(b.take([kind], { shape: [...batch, ...(transposeB ? [n, k] : [k, n])] }), 2);
  b.add(tf.matmul(b.settled(x), b.settled(y), { transposeA, transposeB }), { bound: 4 * k });
};

const dots: Family = (b) => {
  const x = b.tame(b.float({ fits: (s) => s.length >= 1 && s.length <= 3 && filled(s) }), 2);
  const n = b.dice.int(1, Math.min(2, x.shape.length));
  const shared = x.shape.slice(x.shape.length - n);
  const y = b.tame(b.take([kindOf(x)], { shape: [...shared, ...b.shape({ rank: b.dice.int(0, 2), least: 1 })] }), 2);
  b.add(tf.tensordot(b.dice.chance(0.6) ? b.settled(x) : x.tensor, b.settled(y), n), { bound: 4 * sizeOf(shared) });
};

const convolve: Family = (b) => {
  const kind = b.dice.pick<Kind>(['float32', 'float32', 'float64']);
  const [n, h, w, c, out] = [b.dice.int(1, 2), b.dice.int(3, 6), b.dice.int(3, 6), b.dice.int(1, 3), b.dice.int(1, 3)];
  const [kh, kw] = [b.dice.int(1, 3), b.dice.int(1, 3)];
  const padding = b.dice.pick(['SAME', 'VALID'] as const);
  const step = b.dice.int(1, 2);
  const strides = [1, step, step, 1];
  const image = b.settled(b.tame(b.take([kind], { shape: [n, h, w, c] }), 2));
  const filter = (shape: Dims): tf.Tensor => b.settled(b.tame(b.take([kind], { shape }), 1));
  const way = b.dice.int(0, 3);
  const bound = 4 * kh * kw * c;
  if (way === 0) b.add(tf.nn.conv2d(image, filter([kh, kw, c, out]), { strides, padding }), { bound });
  else if (way === 1) b.add(tf.nn.depthwiseConv2d(image, filter([kh, kw, c, out]), { strides, padding }), { bound });
  else if (way === 2) {
    const y = tf.nn.conv2dTranspose(image, filter([kh, kw, out, c]), [n, h * step, w * step, out], {
      strides,
      padding: 'SAME',
    });
    b.add(y, { bound: 4 * bound });
  } else {
    const line = b.settled(b.tame(b.take([kind], { shape: [n, w, c] }), 2));
    b.add(tf.nn.conv1d(line, filter([kw, c, out]), { stride: step, padding }), { bound });
  }
};

const pools: Family = (b) => {
  const kind = b.dice.pick(FLOATS);
  const max = b.dice.chance(0.5);
  const shape = [b.dice.int(1, 2), b.dice.int(3, 6), b.dice.int(3, 6), b.dice.int(1, 3)];
  const e = b.take([kind], { shape, exact: max });
  const size = b.dice.int(1, 3);
  const options = {
    ksize: [1, size, size, 1],
    strides: [1, b.dice.int(1, 2), b.dice.int(1, 2), 1],
    padding: b.dice.pick(['SAME', 'VALID'] as const),
  };
  b.add((max ? tf.nn.maxPool : tf.nn.avgPool)(b.settled(e), options), { bound: e.bound, exact: max });
};

const normal: Family = (b) => {
  const e = b.tame(b.float({ fits: (s) => s.length >= 1 && filled(s) }), 6);
  const x = b.settled(e);
  const axis = b.dice.int(-e.shape.length, e.shape.length - 1);
  const way = b.dice.int(0, 5);
  if (way === 0) b.add(tf.nn.softmax(x, { axis }), { bound: 1 });
  else if (way === 1) b.add(tf.nn.logSoftmax(x, { axis }), { bound: 30 });
  else if (way === 2) b.add(tf.nn.l2Normalize(x, axis, { epsilon: 0.01 }), { bound: 1 });
  else if (way === 3) {
    const [mean, variance] = tf.nn.moments(x, [axis < 0 ? axis + e.shape.length : axis], {
      keepDims: b.dice.chance(0.5),
    });
    b.add(mean, { bound: e.bound });
    b.add(variance, { bound: e.bound ** 2 });
  } else if (way === 4 && e.shape.length === 4 && kindOf(e) === 'float32')
    b.add(tf.nn.lrn(x, { depthRadius: 2, bias: 1.5, alpha: 0.4, beta: 0.6 } as never), { bound: e.bound });
  else {
    const c = e.shape.at(-1)!;
    b.add(tf.nn.biasAdd(e.shape.length > 1 ? x : tf.expandDims(x, 0), b.take([kindOf(e)], { shape: [c] }).tensor), {
      bound: 30,
    });
  }
};

const batchNorm: Family = (b) => {
  const shape = [b.dice.int(2, 3), b.dice.int(2, 4), b.dice.int(1, 3), b.dice.int(1, 3)];
  const x = b.settled(b.tame(b.take(['float32'], { shape }), 3));
  const row = (): tf.Tensor => b.settled(b.tame(b.take(['float32'], { shape: [shape[3]!] }), 2));
  const [scale, offset] = [row(), row()];
  if (b.dice.chance(0.5)) {
    const [y, mean, variance] = tf.nn.fusedBatchNorm(x, scale, offset, { epsilon: 0.05 }) as readonly tf.Tensor[];
    b.add(y!, { bound: 8 });
    b.add(mean!, { bound: 3 });
    b.add(variance!, { bound: 9 });
  } else {
    const variance = tf.add(tf.square(row()), 0.2);
    const y = b.dice.chance(0.5)
      ? (
          tf.nn.fusedBatchNorm(x, scale, offset, {
            mean: row(),
            variance,
            epsilon: 0.05,
            isTraining: false,
          }) as readonly tf.Tensor[]
        )[0]!
      : tf.nn.batchNormalization(x, row(), variance, offset, b.dice.chance(0.7) ? scale : null, 0.02);
    b.add(y, { bound: 20 });
  }
};

const entropies: Family = (b) => {
  const kind = b.dice.pick(FLOATS);
  const [n, c] = [b.dice.int(1, 4), b.dice.int(2, 4)];
  const logits = b.tame(b.take([kind], { shape: [n, c] }), 6);
  const way = b.dice.int(0, 3);
  const labels = (): tf.Tensor => tf.nn.softmax(b.settled(b.tame(b.take([kind], { shape: [n, c] }))));
  const y =
    way === 0
      ? tf.nn.softmaxCrossEntropyWithLogitsV2({ labels: labels(), logits: b.settled(logits) })
      : way === 1
        ? tf.nn.sparseSoftmaxCrossEntropyWithLogits({
            labels: b.settled(b.fresh(b.dice.pick(INTS), [n], { low: 0, high: c - 1 })),
            logits: b.settled(logits),
          })
        : way === 2
          ? tf.nn.sigmoidCrossEntropyWithLogits({ labels: labels(), logits: b.settled(logits) })
          : tf.nn.weightedCrossEntropyWithLogits({ targets: labels(), logits: b.settled(logits), posWeight: 1.5 });
  b.add(y, { bound: 20 });
};

const lengths: Family = (b) => {
  const e = b.tame(b.float({ fits: filled }));
  if (b.dice.chance(0.5)) b.add(tf.nn.l2Loss(e.tensor), { bound: e.bound ** 2 * sizeOf(e.shape) });
  else {
    const [clipped, norm] = tf.clipByGlobalNorm([e.tensor, b.tame(b.take([kindOf(e)], { fits: filled })).tensor], 1.5);
    b.add(clipped[0] as tf.Tensor, { bound: 1.5 });
    b.add(norm, { bound: 200 });
  }
};

export const SUMS: readonly (readonly [number, Family])[] = [
  [8, reduce],
  [2, truths],
  [3, running],
  [5, products],
  [2, dots],
  [4, convolve],
  [2, pools],
  [4, normal],
  [2, batchNorm],
  [3, entropies],
  [2, lengths],
];
