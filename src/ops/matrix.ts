/** @file Diagonals, bands and identities of matrices. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import { type DType, zeroOf } from '../value/dtype';
import { merge, type Shape } from '../value/shape';
import type { Named } from './array';
import { shapeOf } from './array';
import { concat } from './join';
import { minimum } from './pairs';
import { reduceSum } from './reduce';
import { ones, zeros } from './shape';
import { convertToTensor } from '../graph/convert';

const T = { T: type() } as const;
function atLeast(shape: Shape, n: number): Shape {
  if (shape === null || shape.length >= n) return shape;
  throw new GraphError('Value', `Shape must be at least rank ${n} but is rank ${shape.length}`, {
    atRun: `input must be at least ${n}-dim, received shape: [${shape}]`,
  });
}
const smaller = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : Math.min(a, b));
const each = (shape: readonly number[], visit: (at: number) => void): void => {
  const [m, n] = shape.slice(-2) as [number, number];
  const many = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  for (let k = 0; k < many; k++) visit(k * m * n);
};

const MatrixDiag = defineOp({
  name: 'MatrixDiag',
  inputs: { diagonal: 'T' },
  outputs: { output: 'T' },
  attrs: T,
  infer({ diagonal }) {
    const s = atLeast(diagonal.shape, 1);
    return { output: s && [...s, s.at(-1)!] };
  },
  gradient: ({ output: dy }) => ({ diagonal: matrixDiagPart(dy) }),
  reference({ diagonal, output }) {
    const n = diagonal.shape.at(-1)!;
    output.data.fill(zeroOf(output.dtype));
    for (let i = 0; i < diagonal.size; i++) output.data[i * n + (i % n)] = diagonal.data[i]!;
  },
});
/** Matrices with these diagonals, as tf.matrix_diag. */
export function matrixDiag(diagonal: TensorLike, { name }: Named = {}): Tensor {
  return MatrixDiag({ diagonal }, {}, name).output;
}

const MatrixDiagPart = defineOp({
  name: 'MatrixDiagPart',
  inputs: { input: 'T' },
  outputs: { diagonal: 'T' },
  attrs: T,
  infer({ input }) {
    const s = atLeast(input.shape, 2);
    return { diagonal: s && [...s.slice(0, -2), smaller(s.at(-2)!, s.at(-1)!)] };
  },
  gradient({ diagonal: dy }, { input }) {
    const { shape } = input;
    if (shape && shape.at(-2) !== null && shape.at(-2) === shape.at(-1)) return { input: matrixDiag(dy) };
    return { input: matrixSetDiag(zeros(shapeOf(input), input.dtype), dy) };
  },
  reference({ input, diagonal }) {
    const n = input.shape.at(-1)!;
    const k = diagonal.shape.at(-1)!;
    let o = 0;
    each(input.shape, (at) => {
      for (let i = 0; i < k; i++) diagonal.data[o++] = input.data[at + i * n + i]!;
    });
  },
});
/** The diagonals of matrices, as tf.matrix_diag_part. */
export function matrixDiagPart(input: TensorLike, { name }: Named = {}): Tensor {
  return MatrixDiagPart({ input }, {}, name).diagonal;
}

const MatrixSetDiag = defineOp({
  name: 'MatrixSetDiag',
  inputs: { input: 'T', diagonal: 'T' },
  outputs: { output: 'T' },
  attrs: T,
  infer: ({ input }) => ({ output: atLeast(input.shape, 2) }),
  gradient({ output: dy }, { diagonal, input }) {
    const s = merge(input.shape, dy.shape);
    const diagonalShape = s ? [...s.slice(0, -2), smaller(s.at(-2)!, s.at(-1)!)] : diagonal.shape;
    let blank: Tensor;
    if (diagonalShape?.every((d) => d !== null)) blank = zeros(diagonalShape as number[], dy.dtype);
    else blank = zeros(shapeOf(diagonal), dy.dtype);
    return { input: matrixSetDiag(dy, blank), diagonal: matrixDiagPart(dy) };
  },
  reference({ input, diagonal, output }) {
    const n = input.shape.at(-1)!;
    const k = diagonal.shape.at(-1)!;
    const expected = Math.min(input.shape.at(-2)!, n);
    if (k !== expected) {
      throw new GraphError(
        'InvalidArgument',
        `must have diagonal.shape == input.shape[:-2] + [min(input.shape[-2:])], but received input shape: [${input.shape}] and diagonal shape: [${diagonal.shape}]`,
      );
    }
    output.data.set(input.data);
    let o = 0;
    each(input.shape, (at) => {
      for (let i = 0; i < k; i++) output.data[at + i * n + i] = diagonal.data[o++]!;
    });
  },
});
/** Matrices with other diagonals, as tf.matrix_set_diag. */
export function matrixSetDiag(input: TensorLike, diagonal: TensorLike, { name }: Named = {}): Tensor {
  return MatrixSetDiag({ input, diagonal }, {}, name).output;
}

const MatrixBandPart = defineOp({
  name: 'MatrixBandPart',
  inputs: { input: 'T', num_lower: 'Tindex', num_upper: 'Tindex' },
  outputs: { band: 'T' },
  attrs: { T: type(), Tindex: type(['int32', 'int64'], 'int64') },
  infer: ({ input }) => ({ band: atLeast(input.shape, 2) }),
  gradient: ({ band: dy }, { num_lower, num_upper }) => ({ input: matrixBandPart(dy, num_lower, num_upper) }),
  reference({ input, num_lower, num_upper, band }) {
    const [m, n] = input.shape.slice(-2) as [number, number];
    const [low, high] = [Number(num_lower.data[0]), Number(num_upper.data[0])];
    if (low > m) throw new GraphError('InvalidArgument', `num_lower must be negative or less or equal to number of rows (${m}) got: ${low}`);
    if (high > n) throw new GraphError('InvalidArgument', `num_upper must be negative or less or equal to number of columns (${n}) got: ${high}`);
    const zero = zeroOf(input.dtype);
    each(input.shape, (at) => {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const inside = (low < 0 || i - j <= low) && (high < 0 || j - i <= high);
          band.data[at + i * n + j] = inside ? input.data[at + i * n + j]! : zero;
        }
      }
    });
  },
});
/** Cells outside of a band around the diagonal become 0; negative numbers keep all; as tf.matrix_band_part. */
export function matrixBandPart(input: TensorLike, numLower: TensorLike, numUpper: TensorLike, { name }: Named = {}): Tensor {
  return MatrixBandPart({ input, num_lower: numLower, num_upper: numUpper }, {}, name).band;
}

const Diag = defineOp({
  name: 'Diag',
  inputs: { diagonal: 'T' },
  outputs: { output: 'T' },
  attrs: T,
  infer({ diagonal }) {
    const s = atLeast(diagonal.shape, 1);
    return { output: s && [...s, ...s] };
  },
  gradient: ({ output: dy }) => ({ diagonal: diagPart(dy) }),
  reference({ diagonal, output }) {
    const n = diagonal.size;
    output.data.fill(zeroOf(output.dtype));
    for (let i = 0; i < n; i++) output.data[i * n + i] = diagonal.data[i]!;
  },
});
/** A tensor of twice the rank with this diagonal, as tf.diag. */
export function diag(diagonal: TensorLike, { name }: Named = {}): Tensor {
  return Diag({ diagonal }, {}, name).output;
}
const DiagPart = defineOp({
  name: 'DiagPart',
  inputs: { input: 'T' },
  outputs: { diagonal: 'T' },
  attrs: T,
  infer({ input: { shape } }) {
    if (!shape) return { diagonal: null };
    if (shape.length % 2 !== 0 || shape.length === 0) {
      throw new GraphError('Value', `Input must have even and non-zero rank, input rank is ${shape.length}`);
    }
    const half = shape.length / 2;
    return { diagonal: merge(shape.slice(0, half), shape.slice(half)) };
  },
  gradient: ({ diagonal: dy }) => ({ input: diag(dy) }),
  reference({ input, diagonal }) {
    const n = diagonal.size;
    for (let i = 0; i < n; i++) diagonal.data[i] = input.data[i * n + i]!;
  },
});
/** The diagonal of a tensor of even rank, as tf.diag_part. */
export function diagPart(input: TensorLike, { name }: Named = {}): Tensor {
  return DiagPart({ input }, {}, name).diagonal;
}

export interface EyeOptions extends Named {
  readonly batchShape?: readonly number[] | Tensor | null | undefined;
  readonly dtype?: DType | undefined;
}
/** Identity matrices, as tf.eye. */
export function eye(
  numRows: number | Tensor,
  numColumns: number | Tensor | null = null,
  { batchShape = [], dtype = 'float32', name = 'eye' }: EyeOptions = {},
): Tensor {
  return getDefaultGraph().nameScope(name, () => {
    const columns = numColumns ?? numRows;
    const dynamic = numRows instanceof Tensor || columns instanceof Tensor || batchShape instanceof Tensor;
    if (!dynamic) {
      const lead = [...((batchShape ?? []) as number[])];
      const n = Math.min(numRows as number, columns as number);
      const line = ones([...lead, n], dtype);
      if (numRows === columns) return matrixDiag(line);
      return matrixSetDiag(zeros([...lead, numRows as number, columns as number], dtype), line);
    }
    const n = minimum(numRows, columns);
    const lead = convertToTensor(batchShape as TensorLike, { name: 'shape', dtype: 'int32' });
    const lineShape = concat([lead, [n]] as readonly TensorLike[], 0);
    const square = numColumns === null;
    const whole = square ? null : concat([lead, [numRows, columns]] as readonly TensorLike[], 0);
    const line = ones(lineShape, dtype);
    return whole === null ? matrixDiag(line) : matrixSetDiag(zeros(whole, dtype), line);
  });
}
/** The sum of the diagonal, as tf.trace. */
export function trace(x: TensorLike, { name = 'Trace' }: Named = {}): Tensor {
  const t = convertToTensor(x, { name: 'x' });
  return t.graph.nameScope(name, (scope) => reduceSum(matrixDiagPart(t), { axis: [-1], name: scope }));
}
