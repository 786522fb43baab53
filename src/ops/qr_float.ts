/**
 * @file The QR decomposition in float32, rounded step by step in the order in which Eigen adds: orthogonal initial weights
 * equal TensorFlow's to the bit. Holds for up to 48 columns, from where on Eigen works in blocks.
 */
const f = Math.fround;
const TINY = 2 ** -126;

/** Mirrors x to (beta, 0, ...): by I - tau v v^T with v = (1, tail). */
interface Mirror {
  readonly tail: Float32Array;
  readonly tau: number;
}
/** Cell (i, j) of a part of a row-major matrix is at `from + i * width + j`. */
interface Part {
  readonly cells: Float32Array;
  readonly from: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
}

function mirrorOf({ cells, from, width, rows }: Part): Mirror & { readonly beta: number } {
  const x = Float32Array.from({ length: rows }, (_, i) => cells[from + i * width]!);
  const c0 = x[0]!;
  let square = rows > 1 ? f(x[1]! * x[1]!) : 0;
  for (let i = 2; i < rows; i++) square = f(square + f(x[i]! * x[i]!));
  const tail = new Float32Array(rows - 1);
  if (square <= TINY) return { tail, tau: 0, beta: c0 };
  const length = f(Math.sqrt(f(f(c0 * c0) + square)));
  const beta = c0 >= 0 ? -length : length;
  const by = f(c0 - beta);
  for (let i = 1; i < rows; i++) tail[i - 1] = x[i]! / by;
  return { tail, tau: f(f(beta - c0) / beta), beta };
}

type Dot = (part: Part, column: number, tail: Float32Array) => number;
/** While a matrix is factored, its columns are multiplied with the tail cell by cell. */
const inOrder: Dot = ({ cells, from, width }, column, tail) => {
  let sum = 0;
  for (let i = 0; i < tail.length; i++) sum = f(sum + f(cells[from + (i + 1) * width + column]! * tail[i]!));
  return sum;
};
/** Lanes added as a register is: halves, then halves of those. */
function acrossLanes(lanes: Float32Array): number {
  for (let n = lanes.length >> 1; n > 0; n >>= 1) for (let i = 0; i < n; i++) lanes[i]! += lanes[i + n]!;
  return lanes[0]!;
}
/** While q is made: eight cells at a time; in a column that is left over from pairs four at a time as well. */
const inLanes: Dot = ({ cells, from, width, columns }, column, tail) => {
  const product = (i: number): number => f(cells[from + (i + 1) * width + column]! * tail[i]!);
  const isAlone = columns % 2 === 1 && column === columns - 1;
  let sum = 0;
  let at = 0;
  for (const size of isAlone ? [8, 4] : [8]) {
    const lanes = new Float32Array(size);
    for (; at + size <= tail.length; at += size) for (let i = 0; i < size; i++) lanes[i]! += product(at + i);
    sum = f(sum + acrossLanes(lanes));
  }
  for (; at < tail.length; at++) sum = f(sum + product(at));
  return sum;
};

function reflect(part: Part, { tail, tau }: Mirror, dot: Dot): void {
  const { cells, from, width, rows, columns } = part;
  if (rows === 1) {
    for (let j = 0; j < columns; j++) cells[from + j]! *= f(1 - tau);
    return;
  }
  if (tau === 0) return;
  const sums = Float32Array.from({ length: columns }, (_, j) => f(dot(part, j, tail) + cells[from + j]!));
  for (let j = 0; j < columns; j++) cells[from + j]! -= f(tau * sums[j]!);
  for (let i = 0; i < rows - 1; i++) {
    const by = f(tau * tail[i]!);
    for (let j = 0; j < columns; j++) cells[from + (i + 1) * width + j]! -= f(by * sums[j]!);
  }
}

/** q [m, k] and r [k, n] of a row-major matrix [m, n]; r takes its place. */
export function qrFloat(a: Float32Array, m: number, n: number, k: number): Float32Array {
  const mirrors: Mirror[] = [];
  for (let j = 0; j < Math.min(m, n); j++) {
    const at = { cells: a, from: j * n + j, width: n, rows: m - j };
    const { beta, ...mirror } = mirrorOf({ ...at, columns: 1 });
    reflect({ ...at, from: at.from + 1, columns: n - j - 1 }, mirror, inOrder);
    a[at.from] = beta;
    for (let i = j + 1; i < m; i++) a[i * n + j] = 0;
    mirrors.push(mirror);
  }
  const q = new Float32Array(m * k);
  for (let i = 0; i < Math.min(m, k); i++) q[i * k + i] = 1;
  for (let j = mirrors.length - 1; j >= 0; j--) {
    reflect({ cells: q, from: j * k, width: k, rows: m - j, columns: k }, mirrors[j]!, inLanes);
  }
  return q;
}
