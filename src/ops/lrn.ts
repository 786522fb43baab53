/** @file Local response normalization: each cell is divided by a power of what its neighbouring channels hold. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Attrs, float, int, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { merge, sameShape } from '../value/shape';
import type { Named } from './array';
import { roundHalves } from './conv_cells';
import { fail, unknowns, withRank } from './expect';

const attrs = {
  depth_radius: int(5),
  bias: float(1),
  alpha: float(1),
  beta: float(0.5),
  T: type(['float16', 'bfloat16', 'float32'], 'float32'),
} as const;
type Given = Omit<Attrs<typeof attrs>, 'T'>;

/** bias + alpha times the squares of the channels around, for each cell of the row at `at`. */
function norms(
  x: ArrayLike<number>,
  at: number,
  n: number,
  { depth_radius: r, bias, alpha }: Given,
  to: Float64Array,
): void {
  for (let c = 0; c < n; c++) {
    let sum = 0;
    for (let k = Math.max(0, c - r), end = Math.min(n, c + r + 1); k < end; k++) sum += x[at + k]! ** 2;
    to[c] = bias + alpha * sum;
  }
}

const LRN = defineOp({
  name: 'LRN',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs,
  infer: ({ input }) => ({ output: withRank(input.shape, 4, 'in must be 4-dimensional') ?? unknowns(4) }),
  gradient: ({ output: dy }, { input, output }, { T: _, ...a }) => ({ input: lrnGrad(dy, input, output, a) }),
  reference({ input, output }, a) {
    const n = input.shape[3]!;
    const [x, y, norm] = [input.data, output.data, new Float64Array(n)];
    for (let at = 0; at < x.length; at += n) {
      norms(x, at, n, a, norm);
      for (let c = 0; c < n; c++) y[at + c] = x[at + c]! * norm[c]! ** -a.beta;
    }
    roundHalves(output);
  },
});
const LRNGrad = defineOp({
  name: 'LRNGrad',
  inputs: { input_grads: 'T', input_image: 'T', output_image: 'T' },
  outputs: { output: 'T' },
  attrs,
  infer({ input_grads, input_image, output_image }) {
    return {
      output: withRank(merge(merge(input_grads.shape, input_image.shape), output_image.shape), 4) ?? unknowns(4),
    };
  },
  gradient: 'missing',
  reference({ input_grads, input_image, output_image, output }, a) {
    if (!sameShape(input_grads.shape, input_image.shape) || !sameShape(input_image.shape, output_image.shape)) {
      fail('input_grads, input_image, and out_image should have the same shape');
    }
    const n = input_image.shape[3]!;
    const [dy, x, y, dx] = [input_grads.data, input_image.data, output_image.data, output.data];
    const [norm, sums] = [new Float64Array(n), new Float64Array(n)];
    for (let at = 0; at < x.length; at += n) {
      norms(x, at, n, a, norm);
      sums.fill(0);
      for (let c = 0; c < n; c++) {
        const share = (-2 * a.alpha * a.beta * y[at + c]! * dy[at + c]!) / norm[c]!;
        const end = Math.min(n, c + a.depth_radius + 1);
        for (let k = Math.max(0, c - a.depth_radius); k < end; k++) sums[k]! += share * x[at + k]!;
        sums[c]! += norm[c]! ** -a.beta * dy[at + c]!;
      }
      for (let c = 0; c < n; c++) dx[at + c] = sums[c]!;
    }
    roundHalves(output);
  },
});
function lrnGrad(grads: Tensor, image: Tensor, result: Tensor, a: Given): Tensor {
  return LRNGrad({ input_grads: grads, input_image: image, output_image: result }, a).output;
}

export interface LocalResponseOptions extends Named {
  /** How many channels count on each side. */
  readonly depthRadius?: number | undefined;
  readonly bias?: number | undefined;
  readonly alpha?: number | undefined;
  readonly beta?: number | undefined;
}
/** Divides images [N, H, W, C] by (bias + alpha * sum of squares nearby)^beta. @tensorflow tf.nn.lrn */
export function localResponseNormalization(input: TensorLike, options: LocalResponseOptions = {}): Tensor {
  const { depthRadius, bias, alpha, beta, name } = options;
  return LRN({ input }, { depth_radius: depthRadius, bias, alpha, beta }, name).output;
}
