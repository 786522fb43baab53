/** @file Softmax and its logarithm, along the last axis or another. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type Call, hasKernel } from '../kernels/table';
import { FLOATS } from '../value/dtype';
import type { Shape } from '../value/shape';
import { subtract } from './arithmetic';
import type { Named } from './array';
import { roundHalves } from './conv_cells';
import { concat } from './join';
import { minus, modulo, plus, times } from './operators';
import { transpose } from './permute';
import { range } from './range';
import { reduceSum } from './reduce';
import { rank } from './shape';
import { exp } from './unary';

const rows = { inputs: { logits: 'T' }, attrs: { T: type(FLOATS) } } as const;
function eachRow(from: Slot, to: Slot, write: (x: number, top: number, sum: number) => number): void {
  const n = from.shape.at(-1)!;
  const [x, y] = [from.data, to.data];
  for (let at = 0; at < x.length; at += n) {
    let top = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < n; j++) if (!(x[at + j]! <= top)) top = x[at + j]!;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.exp(x[at + j]! - top);
    for (let j = 0; j < n; j++) y[at + j] = write(x[at + j]!, top, sum);
  }
  roundHalves(to);
}
const rowsKernel =
  (name: string) =>
  (from: Slot, to: Slot): Call | null => {
    const n = from.shape.at(-1)!;
    return from.dtype === 'float32' && hasKernel(name) && from.size > 0
      ? [name, to.ptr, from.ptr, from.size / n, n]
      : null;
  };
function vector(shape: Shape): Shape {
  if (shape === null || shape.length > 0) return shape;
  throw new GraphError('Value', 'Shape must be at least rank 1 but is rank 0', {
    atRun: 'logits must have >= 1 dimension, got []',
  });
}
const softmaxRows = rowsKernel('softmax_f32');
const logSoftmaxRows = rowsKernel('log_softmax_f32');
const Softmax = defineOp({
  name: 'Softmax',
  ...rows,
  outputs: { softmax: 'T' },
  infer: ({ logits }) => ({ softmax: vector(logits.shape) }),
  gradient({ softmax: dy }, { softmax: y }) {
    const sum = reduceSum(times(dy, y), { axis: -1, keepdims: true });
    return { logits: minus(dy, sum).mul(y) };
  },
  reference: ({ logits, softmax }) => eachRow(logits, softmax, (x, top, sum) => Math.exp(x - top) / sum),
  kernel: ({ logits, softmax }) => softmaxRows(logits, softmax),
});
const LogSoftmax = defineOp({
  name: 'LogSoftmax',
  ...rows,
  outputs: { logsoftmax: 'T' },
  infer: ({ logits }) => ({ logsoftmax: vector(logits.shape) }),
  gradient({ logsoftmax: dy }, { logsoftmax: y }) {
    const p = exp(y);
    const sum = reduceSum(dy, { axis: -1, keepdims: true });
    return { logits: minus(dy, sum.mul(p)) };
  },
  reference: ({ logits, logsoftmax }) => eachRow(logits, logsoftmax, (x, top, sum) => x - top - Math.log(sum)),
  kernel: ({ logits, logsoftmax }) => logSoftmaxRows(logits, logsoftmax),
});

export interface SoftmaxOptions extends Named {
  readonly axis?: number | null | undefined;
  readonly dim?: number | null | undefined;
}
function along(input: TensorLike, options: SoftmaxOptions, compute: (x: Tensor, name?: string) => Tensor): Tensor {
  const logits = convertToTensor(input);
  const { shape } = logits;
  const dim = options.axis ?? options.dim ?? -1;
  if (dim === -1 || (shape && dim === shape.length - 1)) return compute(logits, options.name);
  if (!shape) throw new GraphError('Value', 'The rank of logits must be known for an axis other than the last.');
  const n = shape.length;
  if (dim < -n || dim >= n) {
    throw new GraphError(
      'InvalidArgument',
      `Dimension (${dim}) must be in the range [${-n}, ${n}) where ${n} is the number of dimensions in the input.`,
    );
  }
  const ranked = rank(logits);
  const counted = dim < 0 ? plus(dim, ranked) : dim;
  const inputRank = rank(logits);
  const at = counted instanceof Tensor ? modulo(counted, n) : counted;
  const next = () => (at instanceof Tensor ? plus(at, 1) : at + 1);
  const swap = (x: Tensor, name?: string): Tensor => {
    const last = subtract(inputRank, 1);
    const order = concat([range(at), [last], range(next(), last), [at]] as readonly TensorLike[], 0);
    return transpose(x, order, { name });
  };
  const out = swap(compute(swap(logits)), options.name);
  out.setShape(shape);
  return out;
}
/** exp(x) / sum(exp(x)) along an axis, the last by default. @tensorflow tf.nn.softmax */
export const softmax = (logits: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  along(logits, options, (x, name) => Softmax({ logits: x }, {}, name).softmax);
/** x - log(sum(exp(x))) along an axis. @tensorflow tf.nn.log_softmax */
export const logSoftmax = (logits: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  along(logits, options, (x, name) => LogSoftmax({ logits: x }, {}, name).logsoftmax);
