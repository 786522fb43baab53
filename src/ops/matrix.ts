/** @file Diagonals, bands and identities of matrices, which lie in the last two dimensions. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Attr, type Known, type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import { COMPLEX, type DType, FLOATS, zeroOf } from '../value/dtype';
import { compatible, type FullShape, isFull, merge, type Shape, showShape, sizeOf } from '../value/shape';
import { type Named, ones, shapeOf, zeros, zerosLike } from './array';
import { atLeastRank, type Dim, fail, i32, refuse, sameDim, withRank } from './expect';
import { concat } from './join';
import { minus } from './operators';
import { minimum } from './pairs';
import { reduceMin, reduceSum } from './reduce';
import { rank } from './shape';
import { slice } from './slice';

const T: { readonly T: Attr<DType> } = { T: type() };

const smaller = (a: Dim, b: Dim): Dim => (a === 0 || b === 0 ? 0 : a === null || b === null ? null : Math.min(a, b));
const diagonalDim = (matrix: Shape): Dim => (matrix ? smaller(matrix.at(-2)!, matrix.at(-1)!) : null);
const atLeastMatrix = (shape: Shape): Shape =>
  atLeastRank(shape, 2, `input must be at least 2-dim, received shape: ${showShape(shape)}`);
/** Calls `visit` for each diagonal cell of each [m, n] matrix: its place, and its running number. */
function eachDiagonal(shape: FullShape, visit: (cell: number, at: number) => void): void {
  const [m, n] = shape.slice(-2) as [number, number];
  const [count, k] = [sizeOf(shape.slice(0, -2)), Math.min(m, n)];
  for (let i = 0; i < count; i++) for (let d = 0; d < k; d++) visit(i * m * n + d * (n + 1), i * k + d);
}

// ---- MatrixDiag ---------------------------------------------------------------------------------------------------

const MatrixDiag = defineOp({
  name: 'MatrixDiag',
  inputs: { diagonal: 'T' },
  outputs: { output: 'T' },
  attrs: T,
  infer({ diagonal: { shape } }) {
    const s = atLeastRank(shape, 1, `diagonal must be at least 1-dim, received shape: ${showShape(shape)}`);
    return { output: s && [...s, s.at(-1)!] };
  },
  gradient: ({ output: dy }) => ({ diagonal: matrixDiagPart(dy) }),
  reference({ diagonal, output }) {
    const [x, out] = [diagonal.data, output.data];
    out.fill(zeroOf(output.dtype));
    eachDiagonal(output.shape, (cell, at) => {
      out[cell] = x[at]!;
    });
  },
});
/** Square matrices with these diagonals, 0 elsewhere. @tensorflow tf.matrix_diag */
export function matrixDiag(diagonal: TensorLike, { name = 'diag' }: Named = {}): Tensor {
  return MatrixDiag({ diagonal }, {}, name).output;
}

const MatrixDiagPart = defineOp({
  name: 'MatrixDiagPart',
  inputs: { input: 'T' },
  outputs: { diagonal: 'T' },
  attrs: T,
  infer({ input }) {
    const s = atLeastMatrix(input.shape);
    return { diagonal: s && [...s.slice(0, -2), diagonalDim(s)] };
  },
  gradient({ diagonal: dy }, { input }) {
    const [m, n] = input.shape?.slice(-2) ?? [];
    if (typeof m === 'number' && m === n) return { input: matrixDiag(dy) };
    return { input: matrixSetDiag(zerosLike(input), dy) };
  },
  reference({ input, diagonal }) {
    const [x, out] = [input.data, diagonal.data];
    eachDiagonal(input.shape, (cell, at) => {
      out[at] = x[cell]!;
    });
  },
});
/** The diagonals of matrices. @tensorflow tf.matrix_diag_part */
export function matrixDiagPart(input: TensorLike, { name = 'diag_part' }: Named = {}): Tensor {
  return MatrixDiagPart({ input }, {}, name).diagonal;
}

// ---- MatrixSetDiag ------------------------------------------------------------------------------------------------

const MISFIT =
  "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not equal to the longests diagonal in range [lower_diag_index:upper_diag_index].";

const MatrixSetDiag = defineOp({
  name: 'MatrixSetDiag',
  inputs: { input: 'T', diagonal: 'T' },
  outputs: { output: 'T' },
  attrs: T,
  infer({ input, diagonal }) {
    const s = atLeastMatrix(input.shape);
    const few = `diagonal must be at least 1-dim, received shape: ${showShape(diagonal.shape)}`;
    const d = atLeastRank(diagonal.shape, 1, few);
    if (s) withRank(d, s.length - 1, MISFIT);
    if (d) sameDim(diagonalDim(s), d.at(-1)!, MISFIT);
    if (d === null || isFull(s)) return { output: s };
    return { output: merge(s, [...d.slice(0, -1), null, null]) };
  },
  gradient({ output: dy }, { input, diagonal }) {
    const blank = zeros(blankShape(dy, input.shape, diagonal.shape), { dtype: dy.dtype });
    const rest = matrixSetDiag(dy, blank);
    return { input: rest, diagonal: matrixDiagPart(dy) };
  },
  reference({ input, diagonal, output }) {
    const diagonals = [...input.shape.slice(0, -2), Math.min(...input.shape.slice(-2))];
    if (!compatible(diagonals, diagonal.shape)) fail(MISFIT);
    const [d, out] = [diagonal.data, output.data];
    out.set(input.data);
    eachDiagonal(output.shape, (cell, at) => {
      out[cell] = d[at]!;
    });
  },
});
/** The shape of dy's diagonals: a list where it is known. */
function blankShape(dy: Tensor, input: Shape, diagonal: Shape): Tensor | readonly number[] {
  const shape = merge(input, dy.shape);
  const lead = merge(shape?.slice(0, -2) ?? null, diagonal?.slice(0, -1) ?? null);
  const size = diagonalDim(shape);
  if (isFull(lead) && isFull(shape?.slice(-2) ?? null) && size !== null) return [...lead, size];
  return dy.graph.colocateWith(dy, () => {
    const sizes = shapeOf(dy);
    const n = rank(dy);
    const batch = slice(sizes, i32([0]), [minus(n, i32(2))]);
    const matrix = slice(sizes, [minus(n, i32(2))], i32([2]));
    return concat([batch, [reduceMin(matrix)]], 0);
  });
}
/** Matrices with other diagonals. @tensorflow tf.matrix_set_diag */
export function matrixSetDiag(input: TensorLike, diagonal: TensorLike, { name = 'set_diag' }: Named = {}): Tensor {
  return MatrixSetDiag({ input, diagonal }, {}, name).output;
}

// ---- MatrixBandPart -----------------------------------------------------------------------------------------------

const MatrixBandPart = defineOp({
  name: 'MatrixBandPart',
  inputs: { input: 'T', num_lower: 'Tindex', num_upper: 'Tindex' },
  outputs: { band: 'T' },
  attrs: { T: type(), Tindex: type(['int32', 'int64'], 'int64') },
  infer: ({ input }) => ({ band: input.shape }),
  gradient: ({ band: dy }, { num_lower, num_upper }) => ({ input: matrixBandPart(dy, num_lower, num_upper) }),
  reference({ input, num_lower, num_upper, band }) {
    const { shape } = input;
    if (shape.length < 2) fail(`input must be at least 2-dim, received shape: ${showShape(shape)}`);
    if (num_lower.shape.length > 0) fail(`num_lower must be scalar, got shape ${showShape(num_lower.shape)}`);
    if (num_upper.shape.length > 0) fail(`num_upper must be scalar, got shape ${showShape(num_upper.shape)}`);
    const [m, n] = shape.slice(-2) as [number, number];
    const [low, high] = [Number(num_lower.data[0]), Number(num_upper.data[0])];
    if (low > m) fail(`num_lower must be negative or less or equal to number of rows (${m}) got: ${low}`);
    if (high > n) fail(`num_upper must be negative or less or equal to number of columns (${n}) got: ${high}`);
    const [x, out, zero] = [input.data, band.data, zeroOf(input.dtype)];
    for (let row = 0; row * n < out.length; row++) {
      const i = row % m;
      const first = low < 0 ? 0 : Math.min(Math.max(i - low, 0), n);
      const end = high < 0 ? n : Math.min(i + high + 1, n);
      for (let j = 0, at = row * n; j < n; j++, at++) out[at] = j >= first && j < end ? x[at]! : zero;
    }
  },
});
/**
 * Keeps a band around the diagonals and sets the rest to 0; a negative number keeps a whole side.
 * @tensorflow tf.matrix_band_part
 */
export function matrixBandPart(
  input: TensorLike,
  numLower: TensorLike,
  numUpper: TensorLike,
  { name }: Named = {},
): Tensor {
  return MatrixBandPart({ input, num_lower: numLower, num_upper: numUpper }, {}, name).band;
}

// ---- Diag ---------------------------------------------------------------------------------------------------------

const diagTypes = { T: type([...FLOATS, 'int32', 'int64', ...COMPLEX]) } as const;

const Diag = defineOp({
  name: 'Diag',
  inputs: { diagonal: 'T' },
  outputs: { output: 'T' },
  attrs: diagTypes,
  infer({ diagonal: { shape } }) {
    const s = atLeastRank(shape, 1, `Input must be at least rank 1, got ${shape?.length}`);
    return { output: s && [...s, ...s] };
  },
  gradient: ({ output: dy }) => ({ diagonal: diagPart(dy) }),
  reference({ diagonal, output }) {
    const [x, out, n] = [diagonal.data, output.data, diagonal.size];
    out.fill(zeroOf(output.dtype));
    for (let i = 0; i < n; i++) out[i * (n + 1)] = x[i]!;
  },
});
/** A tensor of twice the rank with this diagonal. @tensorflow tf.diag */
export function diag(diagonal: TensorLike, { name }: Named = {}): Tensor {
  return Diag({ diagonal }, {}, name).output;
}

function halfShape({ shape }: Known, running: boolean): Shape {
  if (shape === null) return null;
  const n = shape.length;
  if (n % 2 !== 0 || (n === 0 && !running)) {
    const blank = ' '.repeat(42);
    refuse(
      `Input must have even and non-zero rank, input rank is ${n}`,
      `The rank of the tensor should be${blank}even and positive, got shape ${showShape(shape)}`,
    );
  }
  return shape.slice(0, n / 2).map((d, i) => {
    const other = i + n / 2;
    return sameDim(d, shape[other]!, `Invalid shape ${showShape(shape)}: dimensions ${i} and ${other} do not match.`);
  });
}
const DiagPart = defineOp({
  name: 'DiagPart',
  inputs: { input: 'T' },
  outputs: { diagonal: 'T' },
  attrs: diagTypes,
  infer: ({ input }, _attrs, running = false) => ({ diagonal: halfShape(input, running) }),
  gradient: ({ diagonal: dy }) => ({ input: diag(dy) }),
  reference({ input, diagonal }) {
    const [x, out] = [input.data, diagonal.data];
    for (let i = 0; i < out.length; i++) out[i] = x[i * (out.length + 1)]!;
  },
});
/** The diagonal of a tensor of even rank, whose second half of sizes repeats the first. @tensorflow tf.diag_part */
export function diagPart(input: TensorLike, { name }: Named = {}): Tensor {
  return DiagPart({ input }, {}, name).diagonal;
}

// ---- what is made of them -----------------------------------------------------------------------------------------

/** A number of rows or columns. */
export type Count = number | Tensor;
export interface EyeOptions extends Named {
  readonly numColumns?: Count | null | undefined;
  /** Sizes in front of the matrices. */
  readonly batchShape?: readonly Count[] | Tensor | null | undefined;
  readonly dtype?: DType | undefined;
}
/**
 * Identity matrices; `numColumns` may differ from `numRows`. As tf.eye. Raises Type for sizes that are no integers.
 * @tensorflow tf.eye
 */
export function eye(numRows: Count, numColumns?: Count | null | EyeOptions, more: EyeOptions = {}): Tensor {
  const bare = typeof numColumns !== 'object' || numColumns === null || isTensorLike(numColumns);
  const options: EyeOptions = bare ? { ...more, numColumns: numColumns ?? more.numColumns } : numColumns;
  const { numColumns: given = null, batchShape, dtype = 'float32', name = 'eye' } = options;
  const batch = batchShape ?? [];
  const columns = given ?? numRows;
  const graph = graphOf([numRows, columns, batch]);
  return graph.nameScope(name, () => {
    const dynamic = numRows instanceof Tensor || columns instanceof Tensor;
    const sizes = dynamic ? minimum(count(numRows), count(columns)) : smallest(numRows, columns);
    const square = dynamic ? given === null : numRows === columns;
    let line: TensorLike;
    let whole: TensorLike = [];
    if (batch instanceof Tensor || sizes instanceof Tensor) {
      const lead = convertToTensor(
        batch instanceof Tensor ? batch : packable(batch),
        { name: 'shape', dtype: 'int32' },
        graph,
      );
      line = concat([lead, packable([sizes])], 0);
      if (!square) whole = concat([lead, packable([numRows, columns])], 0);
    } else {
      line = [...batch, sizes] as TensorLike;
      if (!square) whole = [...batch, numRows, columns] as TensorLike;
    }
    const diagonal = ones(line, { dtype });
    return square ? matrixDiag(diagonal) : matrixSetDiag(zeros(whole, { dtype }), diagonal);
  });
}
const count = (x: Count): TensorLike => (typeof x === 'number' ? i32(x) : x);
/** Sizes as int32 where they are all numbers. */
const packable = (sizes: readonly Count[]): TensorLike =>
  sizes.every((d) => typeof d === 'number') ? i32(sizes as readonly number[]) : (sizes as TensorLike);
function smallest(a: number, b: number): number {
  if (Number.isInteger(a) && Number.isInteger(b)) return Math.min(a, b);
  throw new GraphError('Type', 'num_rows and num_columns must be positive integer values.');
}

/** The sums of the diagonals of matrices. @tensorflow tf.trace */
export function trace(x: TensorLike, { name }: Named = {}): Tensor {
  const graph = graphOf([x]);
  return graph.nameScope(name ?? 'Trace', (scope) => {
    const matrix = convertToTensor(x, { name: 'x' }, graph);
    return reduceSum(matrixDiagPart(matrix), i32([-1]), { name: scope });
  });
}
