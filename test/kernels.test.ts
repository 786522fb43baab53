import { alloc, memory } from '../src/kernels/memory';
import { callNow, convScratch, matmulScratch, program } from '../src/kernels/table';

const SIZES = [1, 2, 3, 4, 5, 7, 16, 33];
const ODD = [NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-40, 3e38, -3e38, 1].map(Math.fround);
const GUARD = 12345;

let seed = 1;
const random = (): number => {
  seed = (seed * 16807) % 2147483647;
  return seed / 2147483647;
};
const numbers = (n: number, low = -2, high = 2): number[] =>
  Array.from({ length: n }, () => Math.fround(low + (high - low) * random()));
/** Every pair of odd values, as two lists. */
const pairs = (): [number[], number[]] => [ODD.flatMap((x) => ODD.map(() => x)), ODD.flatMap(() => ODD)];

const put = (cells: readonly number[]): number => {
  const at = alloc(cells.length * 4 + 4);
  new Float32Array(memory.buffer, at, cells.length).set(cells);
  return at;
};
const putInts = (cells: readonly number[]): number => {
  const at = alloc(cells.length * 4);
  new Int32Array(memory.buffer, at, cells.length).set(cells);
  return at;
};
const putBytes = (cells: readonly number[]): number => {
  const at = alloc(cells.length);
  new Uint8Array(memory.buffer, at, cells.length).set(cells);
  return at;
};
const get = (at: number, n: number): number[] => Array.from(new Float32Array(memory.buffer, at, n));
const bits = (x: number): number => new Int32Array(new Float32Array([x]).buffer)[0]!;
/** Room for n cells with a guard behind it, so that a kernel writing too far is found out. */
const room = (n: number): number => put([...new Array<number>(n).fill(-777), GUARD]);
/** Runs the kernel with a first result of n cells. */
function run(name: string, n: number, ...args: number[]): number[] {
  const z = room(n);
  callNow([name, z, ...args]);
  expect(get(z + n * 4, 1)).toEqual([GUARD]);
  return get(z, n);
}

/** Units in the last place of float32 between a result and the exact value. */
function ulps(got: number, exact: number): number {
  const near = Math.fround(exact);
  if (Object.is(got, near) || (got === 0 && near === 0)) return 0;
  if (!Number.isFinite(near) || !Number.isFinite(got)) return Infinity;
  return Math.abs(got - exact) / 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(near))) - 23);
}
function expectNear(got: readonly number[], exact: readonly number[], most: number): void {
  expect(got.length).toBe(exact.length);
  for (let i = 0; i < got.length; i++) {
    if (ulps(got[i]!, exact[i]!) > most) throw new Error(`cell ${i}: ${got[i]}, exactly ${exact[i]}`);
  }
}
function expectClose(got: readonly number[], exact: readonly number[], tolerance = 1e-5): void {
  expect(got.length).toBe(exact.length);
  for (let i = 0; i < got.length; i++) {
    const [x, y] = [got[i]!, exact[i]!];
    if (Object.is(x, Math.fround(y))) continue;
    if (!(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y)))) throw new Error(`cell ${i}: ${x}, exactly ${y}`);
  }
}
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sum = (cells: readonly number[]): number => cells.reduce((s, x) => s + x, 0);

// ---- pairs --------------------------------------------------------------------------------------------------------

type Pair = (x: number, y: number) => number;
const difference: Pair = (x, y) => Math.fround(x - y);
const binary: Record<string, Pair> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  maximum: Math.max,
  minimum: Math.min,
  squared_difference: (x, y) => difference(x, y) * difference(x, y),
  mul_no_nan: (x, y) => (y === 0 ? 0 : x * y),
  xdivy: (x, y) => (x === 0 ? 0 : x / y),
};
describe.each(Object.entries(binary))('%s', (name, f) => {
  const exact = (z: number[]): number[] => z.map(Math.fround);

  test('takes cells of equal place, one operand being also the result', () => {
    for (const n of SIZES) {
      const [x, y] = [numbers(n), numbers(n)];
      expect(run(`${name}_f32`, n, put(x), put(y), n)).toEqual(exact(x.map((v, i) => f(v, y[i]!))));
      const at = put(x);
      callNow([`${name}_f32`, at, at, put(y), n]);
      expect(get(at, n)).toEqual(exact(x.map((v, i) => f(v, y[i]!))));
    }
  });

  test('takes odd values as the plain formula does', () => {
    const [x, y] = pairs();
    expect(run(`${name}_f32`, 100, put(x), put(y), 100)).toEqual(exact(x.map((v, i) => f(v, y[i]!))));
  });

  test('takes one cell, a row or a column against many', () => {
    for (const [m, n] of [
      [1, 1],
      [3, 5],
      [4, 8],
      [2, 19],
      [9, 3],
    ] as const) {
      const [x, one, row, col] = [numbers(m * n), numbers(1), numbers(n), numbers(m)];
      const [xp, op, rp, cp] = [put(x), put(one), put(row), put(col)];
      const ask = (variant: string, ...args: number[]): number[] => run(`${name}_${variant}_f32`, m * n, ...args);
      const inRow = (i: number): number => row[i % n]!;
      const inCol = (i: number): number => col[Math.floor(i / n)]!;
      expect(ask('xs', xp, op, m * n)).toEqual(exact(x.map((v) => f(v, one[0]!))));
      expect(ask('sx', op, xp, m * n)).toEqual(exact(x.map((v) => f(one[0]!, v))));
      expect(ask('row', xp, rp, m, n)).toEqual(exact(x.map((v, i) => f(v, inRow(i)))));
      expect(ask('rowrev', xp, rp, m, n)).toEqual(exact(x.map((v, i) => f(inRow(i), v))));
      expect(ask('col', xp, cp, m, n)).toEqual(exact(x.map((v, i) => f(v, inCol(i)))));
      expect(ask('colrev', xp, cp, m, n)).toEqual(exact(x.map((v, i) => f(inCol(i), v))));
    }
  });
});

const comparisons: Record<string, (x: number, y: number) => boolean> = {
  greater: (x, y) => x > y,
  greater_equal: (x, y) => x >= y,
  less: (x, y) => x < y,
  less_equal: (x, y) => x <= y,
  equal: (x, y) => x === y,
  not_equal: (x, y) => x !== y,
};
test.each(Object.entries(comparisons))('%s answers bytes of 0 and 1', (name, f) => {
  const [x, y] = pairs();
  for (const n of [...SIZES, 100]) {
    const ask = (variant: string, a: number, b: number): number[] => {
      const z = putBytes(new Array(n + 1).fill(9));
      callNow([`${name}${variant}_f32`, z, a, b, n]);
      const got = Array.from(new Uint8Array(memory.buffer, z, n + 1));
      expect(got.pop()).toBe(9);
      return got;
    };
    const [a, b] = [x.slice(0, n), y.slice(0, n)];
    expect(ask('', put(a), put(b))).toEqual(a.map((v, i) => +f(v, b[i]!)));
    expect(ask('_xs', put(b), put([1]))).toEqual(b.map((v) => +f(v, 1)));
    expect(ask('_sx', put([1]), put(b))).toEqual(b.map((v) => +f(1, v)));
  }
});

test('sums of three and four, choices, fills and copies', () => {
  for (const n of SIZES) {
    const x = range(4).map(() => range(n).map(() => Math.floor(random() * 100)));
    const at = x.map(put);
    const mask = range(n).map((i) => i % 3 && 1);
    expect(run('add3_f32', n, ...at.slice(0, 3), n)).toEqual(range(n).map((i) => x[0]![i]! + x[1]![i]! + x[2]![i]!));
    expect(run('add4_f32', n, ...at, n)).toEqual(range(n).map((i) => sum(x.map((c) => c[i]!))));
    expect(run('select_f32', n, putBytes(mask), at[0]!, at[1]!, n)).toEqual(mask.map((c, i) => x[c ? 0 : 1]![i]!));
    expect(run('fill_f32', n, at[2]!, n)).toEqual(new Array(n).fill(x[2]![0]));
    expect(run('copy_f32', n, at[3]!, n)).toEqual(x[3]);
  }
  const [x, y] = [numbers(6), numbers(6)];
  expect(run('select_row_f32', 6, putBytes([0, 1]), put(x), put(y), 2, 3)).toEqual([...y.slice(0, 3), ...x.slice(3)]);
});

// ---- single cells -------------------------------------------------------------------------------------------------

const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
/** The exact function, and how many ulp the kernel may be off. */
const unary: Record<string, [f: (x: number) => number, most: number]> = {
  neg: [(x) => -x, 0],
  square: [(x) => x * x, 0.5],
  sqrt: [Math.sqrt, 0.5],
  rsqrt: [(x) => 1 / Math.fround(Math.sqrt(x)), 0.5],
  reciprocal: [(x) => 1 / x, 0.5],
  abs: [Math.abs, 0],
  sign: [(x) => (x > 0 ? 1 : x < 0 ? -1 : 0), 0],
  floor: [Math.floor, 0],
  ceil: [Math.ceil, 0],
  relu: [(x) => Math.max(x, 0), 0],
  relu6: [(x) => Math.min(Math.max(x, 0), 6), 0],
  exp: [Math.exp, 1],
  log: [Math.log, 1],
  tanh: [Math.tanh, 1.5],
  sigmoid: [sigmoid, 2.5],
  softplus: [(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 2],
};
describe.each(Object.entries(unary))('%s', (name, [f, most]) => {
  test.each([1e-3, 1, 10, 110])('is exact to a few ulp up to %p', (high) => {
    for (const n of [...SIZES, 20000]) {
      const x = numbers(n, name === 'log' || name.endsWith('sqrt') ? 0 : -high, high);
      expectNear(run(`${name}_f32`, n, put(x), n), x.map(f), most);
    }
  });
  test('takes odd values as the plain formula does', () => {
    const x = [...ODD, 88.7, 88.8, -87.5, -103.9, -104.5].map(Math.fround);
    expectNear(run(`${name}_f32`, x.length, put(x), x.length), x.map(f), most);
  });
});

test('tanh and relu keep the sign of zero', () => {
  expect(run('tanh_f32', 2, put([-0, 0]), 2)).toEqual([-0, 0]);
  expect(run('relu_f32', 2, put([-0, 0]), 2)).toEqual([-0, 0]);
});

test('elu is exp(x) - 1 below 0', () => {
  const x = [...ODD, ...numbers(21, -5, 5)];
  expectClose(
    run('elu_f32', 31, put(x), 31),
    x.map((v) => (v < 0 ? Math.expm1(v) : v)),
    1e-7,
  );
});

const gradients: Record<string, Pair> = {
  tanh_grad: (y, dy) => dy * (1 - y * y),
  sigmoid_grad: (y, dy) => dy * y * (1 - y),
  rsqrt_grad: (y, dy) => dy * -0.5 * y * y * y,
  sqrt_grad: (y, dy) => (dy * 0.5) / y,
  reciprocal_grad: (y, dy) => -dy * y * y,
  relu_grad: (dy, x) => (x > 0 ? dy : 0),
  relu6_grad: (dy, x) => (x > 0 && x < 6 ? dy : 0),
  softplus_grad: (dy, x) => dy / (Math.exp(-x) + 1),
  elu_grad: (dy, y) => (y < 0 ? (y + 1) * dy : dy),
};
test.each(Object.entries(gradients))('%s', (name, f) => {
  for (const n of SIZES) {
    const [x, y] = [numbers(n, -9, 9), numbers(n, -9, 9)];
    expectClose(
      run(`${name}_f32`, n, put(x), put(y), n),
      x.map((v, i) => f(v, y[i]!)),
      2e-5,
    );
  }
});

test('leaky relu scales what is not above 0, and its gradient', () => {
  const [x, dy, alpha] = [[...numbers(9), 0, -0], numbers(11), Math.fround(0.2)];
  const [xp, dp] = [put(x), put(dy)];
  const scaled = x.map((v) => Math.fround(v > 0 ? v : v * alpha));
  expect(run('leaky_relu_f32', 11, xp, 11, bits(alpha))).toEqual(scaled);
  const slopes = dy.map((v, i) => Math.fround(x[i]! > 0 ? v : v * alpha));
  expect(run('leaky_relu_grad_f32', 11, dp, xp, 11, bits(alpha))).toEqual(slopes);
});

test('casts', () => {
  const ints = [5, -7, 2 ** 24 + 1, -(2 ** 31), 2 ** 31 - 1];
  expect(run('cast_i32_f32', 5, putInts(ints), 5)).toEqual(ints.map(Math.fround));
  expect(run('cast_u8_f32', 5, putBytes([0, 1, 255, 3, 200]), 5)).toEqual([0, 1, 255, 3, 200]);
  const z = alloc(32);
  callNow(['cast_f32_i32', z, put([1.9, -1.9, NaN, 3e9, -3e9, Infinity, -0.5, 2 ** 31]), 8]);
  const least = -(2 ** 31); // what x86 makes of anything out of range
  expect(Array.from(new Int32Array(memory.buffer, z, 8))).toEqual([1, -1, least, least, least, least, 0, least]);
});

// ---- matrices -----------------------------------------------------------------------------------------------------

const SHAPES = [
  [1, 1, 1],
  [8, 4, 8],
  [8, 8, 2],
  [3, 5, 7],
  [17, 33, 19],
  [33, 300, 65],
  [1, 300, 1030],
  [9, 1, 5],
  [130, 257, 1029],
  [50, 3, 50],
  [2, 40, 3],
  [64, 0, 3],
];
test.each(SHAPES)('matrices [%i,%i] times [.,%i], either one transposed', (m, k, n) => {
  const [a, b] = [numbers(m! * k!), numbers(k! * n!)];
  for (const [ta, tb] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const exact = range(m! * n!).map((at) => {
      const [i, j] = [Math.floor(at / n!), at % n!];
      let s = 0;
      for (let p = 0; p < k!; p++) s += a[ta ? p * m! + i : i * k! + p]! * b[tb ? j * k! + p : p * n! + j]!;
      return s;
    });
    const size = matmulScratch(m!, k!, n!);
    const space = room(size / 4);
    expectClose(run('matmul_f32', m! * n!, put(a), put(b), m!, k!, n!, ta, tb, space), exact, 1e-5 * Math.sqrt(k! + 1));
    const start = numbers(m! * n!);
    const c = put(start);
    callNow(['matmul_add_f32', c, put(a), put(b), m!, k!, n!, ta, tb, space]);
    expectClose(
      get(c, m! * n!),
      exact.map((v, i) => v + start[i]!),
      1e-5 * Math.sqrt(k! + 1),
    );
    expect(get(space + size, 1)).toEqual([GUARD]);

    const [a8, b8, c8] = [alloc(a.length * 8 + 8), alloc(b.length * 8 + 8), alloc(m! * n! * 8)];
    new Float64Array(memory.buffer, a8, a.length).set(a);
    new Float64Array(memory.buffer, b8, b.length).set(b);
    callNow(['matmul_f64', c8, a8, b8, m!, k!, n!, ta, tb]);
    const wide = new Float64Array(memory.buffer, c8, m! * n!);
    expect(wide.reduce((most, v, i) => Math.max(most, Math.abs(v - exact[i]!)), 0)).toBeLessThan(1e-11);
  }
});

test('a program runs calls of 3 to 9 arguments one after the other', () => {
  const [x, y, z] = [put([1, 2, 3, 4]), put([1, 1, 1, 1]), put([0, 0, 0, 0])];
  const { run: go, free } = program([
    ['add_f32', z, x, y, 4],
    ['matmul_f32', y, x, z, 2, 2, 2, 0, 0, alloc(matmulScratch(2, 2, 2))],
    ['mul_row_f32', y, y, x, 2, 2],
    ['neg_f32', y, y, 4],
  ]);
  go();
  expect(get(y, 4)).toEqual([-10, -26, -22, -58]);
  free();
});

// ---- reductions ---------------------------------------------------------------------------------------------------

const mean = (cells: readonly number[]): number => sum(cells) / cells.length;
const folds: Record<string, (cells: readonly number[]) => number> = {
  sum,
  mean,
  max: (cells) => Math.max(...cells),
  min: (cells) => Math.min(...cells),
};
const BLOCKS = ['1,1,1', '1,7,3', '3,5,1', '2,300,37', '4,9,64', '1,1000,10', '5,3,18'];
test.each(Object.entries(folds))('%s over the last, the first and the middle axis', (name, f) => {
  for (const shape of BLOCKS) {
    const [a, b, c] = shape.split(',').map(Number) as [number, number, number];
    const x = numbers(a * b * c);
    if (name[1] !== 'u' && x.length > 4) x[3] = NaN; // TensorFlow's give NaN then
    const at = put(x);
    const over = (i: number, k: number): number[] => range(b).map((j) => x[(i * b + j) * c + k]!);
    const exact = range(a * c).map((o) => f(over(Math.floor(o / c), o % c)));
    expectClose(run(`${name}_middle_f32`, a * c, at, a, b, c), exact, 2e-6 * Math.sqrt(b));
    if (a === 1) expectClose(run(`${name}_first_f32`, c, at, b, c), exact, 2e-6 * Math.sqrt(b));
    const rows = range(a * b).map((i) => f(x.slice(i * c, i * c + c)));
    expectClose(run(`${name}_last_f32`, a * b, at, a * b, c), rows, 2e-6 * Math.sqrt(c));
  }
});

test('long sums stay exact to a few ulp', () => {
  const n = 1_000_003;
  const x = numbers(n, 0, 1);
  const at = put(x);
  expectNear(run('sum_f32', 1, at, n), [sum(x)], 8);
  expectNear(run('sum_first_f32', 1, at, n, 1), [sum(x)], 8);
  expectNear(
    run('sum_first_f32', 4, at, n >> 2, 4),
    range(4).map((k) => sum(x.slice(0, -3).filter((_, i) => i % 4 === k))),
    40,
  );
  expectNear(run('l2_loss_f32', 1, at, n), [sum(x.map((v) => v * v)) / 2], 8);
});

test('argmax is the first of the largest', () => {
  const z = alloc(32);
  const x = put([1, 3, 3, NaN, 5, 2, NaN, NaN, NaN]);
  callNow(['argmax_last_f32', z, x, 3, 3, 0]);
  expect(Array.from(new Int32Array(memory.buffer, z, 3))).toEqual([1, 1, 0]);
  callNow(['argmax_last_f32', z, x, 3, 3, 1]);
  expect(Array.from(new BigInt64Array(memory.buffer, z, 3))).toEqual([1n, 1n, 0n]);
});

// ---- layers -------------------------------------------------------------------------------------------------------

const MATRICES = [
  [1, 1],
  [3, 2],
  [5, 10],
  [4, 33],
  [300, 18],
] as const;
const rowsOf = (x: readonly number[], n: number): number[][] =>
  range(x.length / n).map((i) => x.slice(i * n, i * n + n));
const columnsOf = (x: readonly number[], n: number): number[][] => range(n).map((j) => x.filter((_, i) => i % n === j));

test('biases and their gradient', () => {
  for (const [m, n] of MATRICES) {
    const [x, b] = [numbers(m * n), numbers(n)];
    expect(run('bias_add_f32', m * n, put(x), put(b), m, n)).toEqual(x.map((v, i) => Math.fround(v + b[i % n]!)));
    expectClose(run('bias_add_grad_f32', n, put(x), m, n), columnsOf(x, n).map(sum), 2e-6 * Math.sqrt(m) + 1e-6);
    const wide = numbers(m * n * 5);
    const moved = wide.map((v, i) => Math.fround(v + b[Math.floor(i / 5) % n]!));
    expect(run('bias_add_nchw_f32', m * n * 5, put(wide), put(b), m, n, 5)).toEqual(moved);
  }
});

test('softmax, its logarithm and the cross entropies', () => {
  for (const [m, n] of MATRICES) {
    const [x, labels] = [numbers(m * n, -60, 60), numbers(m * n, 0, 1)];
    const shifted = rowsOf(x, n).map((row) => row.map((v) => v - Math.max(...row)));
    const logs = shifted.map((row) => row.map((v) => v - Math.log(sum(row.map(Math.exp)))));
    const [xp, flat] = [put(x), logs.flat()];
    expectClose(run('softmax_f32', m * n, xp, m, n), flat.map(Math.exp), 1e-6);
    expectClose(run('log_softmax_f32', m * n, xp, m, n), flat, 1e-6);

    const gradient = room(m * n);
    const loss = rowsOf(labels, n).map((row, i) => -sum(row.map((l, j) => l * logs[i]![j]!)));
    expectClose(run('softmax_xent_f32', m, gradient, xp, put(labels), m, n), loss);
    expectClose(
      get(gradient, m * n),
      flat.map((v, i) => Math.exp(v) - labels[i]!),
      1e-6,
    );

    const classes = range(m).map((i) => (i * 7) % n);
    const long = alloc(m * 8);
    new BigInt64Array(memory.buffer, long, m).set(classes.map(BigInt));
    for (const [at, wide] of [
      [putInts(classes), 0],
      [long, 1],
    ] as const) {
      expectClose(
        run('sparse_softmax_xent_f32', m, gradient, xp, at, m, n, wide),
        classes.map((c, i) => -logs[i]![c]!),
      );
      const hot = logs.flatMap((row, i) => row.map((v, j) => Math.exp(v) - +(j === classes[i])));
      expectClose(get(gradient, m * n), hot, 1e-6);
    }
  }
  expect(run('sparse_softmax_xent_f32', 2, room(4), put([1, 2, 3, 4]), putInts([2, -1]), 2, 2, 0)).toEqual([NaN, NaN]);
});

test('batch normalisation, with given moments, and its gradient', () => {
  const epsilon = Math.fround(1e-3);
  for (const [m, n] of MATRICES) {
    const [x, dy, scale, offset] = [numbers(m * n, 5, 9), numbers(m * n), numbers(n), numbers(n)];
    const [xp, sp, op, saved, savedVar, shown, shownVar] = [
      put(x),
      put(scale),
      put(offset),
      ...range(4).map(() => room(n)),
    ] as number[];
    const means = columnsOf(x, n).map(mean);
    const variances = columnsOf(x, n).map((c, j) => mean(c.map((v) => (v - means[j]!) ** 2)));
    const inverse = variances.map((v) => 1 / Math.sqrt(v + epsilon));
    const hat = x.map((v, i) => (v - means[i % n]!) * inverse[i % n]!);
    const y = hat.map((v, i) => v * scale[i % n]! + offset[i % n]!);
    const e = bits(epsilon);
    expectClose(run('batch_norm_f32', m * n, shown!, shownVar!, saved!, savedVar!, xp!, sp!, op!, m, n, e), y, 3e-5);
    expectClose(get(saved!, n), means);
    expectClose(get(shown!, n), means);
    expectClose(get(savedVar!, n), variances);
    expectClose(
      get(shownVar!, n),
      variances.map((v) => (v * m) / Math.max(1, m - 1)),
    );
    expectClose(run('moments_f32', n, room(n), xp!, m, n), means);
    const given = run('batch_norm_inference_f32', m * n, xp!, sp!, op!, saved!, savedVar!, m, n, e, room(n));
    expectClose(given, y, 3e-5);

    const [ds, db] = [room(n), room(n)];
    const slope = columnsOf(
      dy.map((v, i) => v * hat[i]!),
      n,
    ).map(sum);
    const level = columnsOf(dy, n).map(sum);
    const dx = dy.map(
      (v, i) => scale[i % n]! * inverse[i % n]! * (v - level[i % n]! / m - (hat[i]! * slope[i % n]!) / m),
    );
    const got = run('batch_norm_grad_f32', m * n, ds, db, put(dy), xp!, sp!, saved!, savedVar!, m, n, e, room(3 * n));
    expectClose(got, dx, m === 1 ? 1e-3 : 1e-4);
    expectClose(get(ds, n), slope, 1e-3);
    expectClose(get(db, n), level, 2e-6 * Math.sqrt(m) + 1e-6);
  }
});

// ---- optimizers ---------------------------------------------------------------------------------------------------

test('optimizers take the steps of their formulas', () => {
  for (const n of SIZES) {
    const [w, m, v, g] = [numbers(n), numbers(n), numbers(n, 0.1, 1), numbers(n)];
    const [rate, b1, b2, eps, p1, p2] = [0.1, 0.9, 0.99, 1e-3, 0.81, 0.98];
    const [r, s1, s2, e, q1, q2, gp] = [...[rate, b1, b2, eps, p1, p2].map((x) => put([x])), put(g)] as number[];
    /** Runs on copies of w, m, v; answers them after the step. */
    const step = (name: string, slots: number, ...args: number[]): number[][] => {
      const state = [w, m, v].slice(0, slots + 1).map(put);
      callNow([`apply_${name}_f32`, ...state, ...args]);
      return state.map((at) => get(at, n));
    };
    const each = (f: (i: number) => number): number[] => range(n).map(f);
    expectClose(
      step('gradient_descent', 0, r!, gp!, n)[0]!,
      each((i) => w[i]! - rate * g[i]!),
    );
    for (const nesterov of [0, 1]) {
      const [w1, a1] = step('momentum', 1, r!, gp!, s1!, n, nesterov);
      const a = each((i) => m[i]! * b1 + g[i]!);
      expectClose(a1!, a);
      expectClose(
        w1!,
        each((i) => w[i]! - rate * (nesterov ? g[i]! + a[i]! * b1 : a[i]!)),
      );

      const [w2, m2, v2] = step('adam', 2, q1!, q2!, r!, s1!, s2!, e!, gp!, n, nesterov);
      const m1 = each((i) => m[i]! + (g[i]! - m[i]!) * (1 - b1));
      const v1 = each((i) => v[i]! + (g[i]! ** 2 - v[i]!) * (1 - b2));
      const alpha = (rate * Math.sqrt(1 - p2)) / (1 - p1);
      const top = each((i) => (nesterov ? g[i]! * (1 - b1) + b1 * m1[i]! : m1[i]!));
      expectClose(m2!, m1);
      expectClose(v2!, v1);
      expectClose(
        w2!,
        each((i) => w[i]! - (top[i]! * alpha) / (Math.sqrt(v1[i]!) + eps)),
      );
    }
    const state = put(v);
    const [wp, up] = [put(w), put(m)];
    callNow(['apply_rmsprop_f32', wp, state, up, r!, s1!, s2!, e!, gp!, n]);
    const sq = each((i) => v[i]! + (g[i]! ** 2 - v[i]!) * (1 - b1));
    const u = each((i) => m[i]! * b2 + (rate * g[i]!) / Math.sqrt(eps + sq[i]!));
    expectClose(get(state, n), sq);
    expectClose(get(up, n), u);
    expectClose(
      get(wp, n),
      each((i) => w[i]! - u[i]!),
    );

    const [wa, sa] = [put(w), put(v)];
    callNow(['apply_adagrad_f32', wa, sa, r!, gp!, n, 1]);
    expectClose(
      get(sa, n),
      each((i) => v[i]! + g[i]! ** 2),
    );
    expectClose(
      get(wa, n),
      each((i) => w[i]! - (rate * g[i]!) / Math.sqrt(v[i]! + g[i]! ** 2)),
    );
  }
});

// ---- arrays -------------------------------------------------------------------------------------------------------

test('transpositions, strided walks and blocks', () => {
  for (const [m, n] of [
    [1, 1],
    [3, 5],
    [4, 4],
    [33, 70],
    [64, 35],
  ] as const) {
    const x = numbers(2 * m * n);
    const turned = (from: number): number[] => range(m * n).map((i) => x[from + (i % m) * n + Math.floor(i / m)]!);
    expect(run('transpose_f32', m * n, put(x), m, n)).toEqual(turned(0));
    expect(run('transpose_batch_f32', 2 * m * n, put(x), 2, m, n)).toEqual([...turned(0), ...turned(m * n)]);
  }
  const x = range(2 * 3 * 4 * 5);
  const cell = (i: number, j: number, k: number, l: number): number => ((i * 3 + j) * 4 + k) * 5 + l;
  const walk = (sizes: number[], strides: number[], from = 0): number[] =>
    run(
      'strided_f32',
      sizes.reduce((a, b) => a * b),
      put(x) + from * 4,
      putInts([...sizes, ...strides]),
    );
  const swapped = range(120).map((o) => cell(Math.floor(o / 5) % 2, Math.floor(o / 10) % 3, Math.floor(o / 30), o % 5));
  expect(walk([4, 3, 2, 5], [5, 20, 60, 1])).toEqual(swapped);
  expect(walk([1, 1, 2, 3], [0, 0, 0, -2], 4)).toEqual([4, 2, 0, 4, 2, 0]); // repeated, backwards by twos

  const z = put(new Array<number>(12).fill(0));
  callNow(['copy_blocks', z + 4, put([1, 2, 3, 4, 5, 6]), 3, 8, 16, 8]);
  expect(get(z, 12)).toEqual([0, 1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0]);
  const bytes = putBytes(new Array(9).fill(0));
  callNow(['copy_blocks', bytes, putBytes([1, 2, 3, 4, 5, 6]), 2, 3, 4, 3]);
  expect(Array.from(new Uint8Array(memory.buffer, bytes, 9))).toEqual([1, 2, 3, 0, 4, 5, 6, 0, 0]);
});

test('rows gathered, scattered and added up', () => {
  for (const n of [1, 5, 8, 100]) {
    const x = numbers(4 * n);
    const rows = rowsOf(x, n);
    const pick = [2, 0, 2];
    const long = alloc(24);
    new BigInt64Array(memory.buffer, long, 3).set(pick.map(BigInt));
    for (const [at, wide] of [
      [putInts(pick), 0],
      [long, 1],
    ] as const) {
      expect(run('gather_rows', 3 * n, put(x), at, 3, n * 4, wide)).toEqual(pick.flatMap((i) => rows[i]!));
      const z = put(new Array<number>(3 * n).fill(1));
      callNow(['scatter_add_rows_f32', z, put(x), at, 3, n, wide]);
      expectClose(get(z, 3 * n), [
        ...rows[1]!.map((v) => 1 + v),
        ...rows[1]!.map(() => 1),
        ...rows[0]!.map((v, j) => 1 + v + rows[2]![j]!),
      ]);
      callNow(['scatter_rows', z, put(x), at, 3, n * 4, wide]);
      expect(get(z, 3 * n)).toEqual([...rows[1]!, ...rows[1]!.map(() => 1), ...rows[2]!]);
    }
  }
});

// ---- convolutions and pools ---------------------------------------------------------------------------------------

/** n h w c, kernel, output, strides, dilations, padding, as assembly/window.ts. */
const WINDOWS = [
  [2, 5, 6, 3, 3, 3, 5, 6, 1, 1, 1, 1, 1, 1],
  [1, 7, 7, 1, 3, 3, 4, 4, 2, 2, 1, 1, 1, 1],
  [2, 6, 5, 4, 2, 2, 3, 2, 2, 2, 1, 1, 0, 0],
  [1, 9, 8, 5, 3, 2, 5, 5, 1, 1, 2, 3, 0, 0],
  [2, 4, 4, 6, 1, 1, 4, 4, 1, 1, 1, 1, 0, 0],
  [1, 3, 3, 17, 5, 5, 3, 3, 1, 1, 1, 1, 2, 2],
];
type Visit = (out: number, tap: number, cell: number) => void;
/** Visits each pair of a window (its number) and a cell within the image (its offset, less the channel). */
function eachTap([n, h, w, c, kh, kw, oh, ow, sh, sw, dh, dw, top, left]: readonly number[], visit: Visit): void {
  for (let o = 0; o < n! * oh! * ow!; o++) {
    for (let t = 0; t < kh! * kw!; t++) {
      const y = (Math.floor(o / ow!) % oh!) * sh! - top! + Math.floor(t / kw!) * dh!;
      const x = (o % ow!) * sw! - left! + (t % kw!) * dw!;
      if (y >= 0 && y < h! && x >= 0 && x < w!) visit(o, t, ((Math.floor(o / (oh! * ow!)) * h! + y) * w! + x) * c!);
    }
  }
}

test.each(WINDOWS)('convolutions of %i images %ix%ix%i by %ix%i', (...list) => {
  const [n, h, w, c, kh, kw, oh, ow] = list as [number, number, number, number, number, number, number, number];
  const depth = 7;
  const [taps, outs] = [kh * kw, n * oh * ow];
  const [x, filter, dy] = [numbers(n * h * w * c), numbers(taps * c * depth), numbers(outs * depth)];
  const [xp, fp, dp, at] = [put(x), put(filter), put(dy), putInts(list)];
  const blank = (size: number): number[] => new Array<number>(size).fill(0);
  const [col, y, dx, df] = [blank(outs * taps * c), blank(outs * depth), blank(x.length), blank(filter.length)];
  eachTap(list, (o, t, cell) => {
    for (let k = 0; k < c; k++) {
      col[(o * taps + t) * c + k] = x[cell + k]!;
      for (let d = 0; d < depth; d++) {
        y[o * depth + d]! += x[cell + k]! * filter[(t * c + k) * depth + d]!;
        df[(t * c + k) * depth + d]! += x[cell + k]! * dy[o * depth + d]!;
        dx[cell + k]! += dy[o * depth + d]! * filter[(t * c + k) * depth + d]!;
      }
    }
  });
  expect(run('im2col_f32', col.length, xp, at)).toEqual(col);
  const back = blank(x.length);
  eachTap(list, (o, t, cell) => {
    for (let k = 0; k < c; k++) back[cell + k]! += col[(o * taps + t) * c + k]!;
  });
  expectClose(run('col2im_f32', x.length, put(col), at), back);
  const size = convScratch(at, depth);
  const space = room(size / 4);
  expectClose(run('conv2d_f32', y.length, xp, fp, at, depth, space), y);
  expectClose(run('conv2d_filter_grad_f32', df.length, xp, dp, at, depth, space), df, 3e-5);
  expectClose(run('conv2d_input_grad_f32', dx.length, fp, dp, at, depth, space), dx, 3e-5);
  expect(get(space + size, 1)).toEqual([GUARD]);
  expect(Array.from(new Int32Array(memory.buffer, at, 14))).toEqual(list);
});

test.each(WINDOWS.filter((list) => list[10] === 1))('pools of %i images %ix%ix%i by %ix%i', (...list) => {
  const [n, h, w, c, , , oh, ow] = list as [number, number, number, number, number, number, number, number];
  const outs = n * oh * ow;
  const x = numbers(n * h * w * c).map((v) => Math.round(v * 3)); // with ties, of which the first counts
  const dy = numbers(outs * c);
  const [xp, dp, at] = [put(x), put(dy), putInts(list)];
  const cells = range(outs).map((): number[] => []);
  eachTap(list, (o, _, cell) => cells[o]!.push(cell));
  const [largest, average] = [new Array<number>(outs * c), new Array<number>(outs * c)];
  const [fromLargest, fromAverage] = [x.map(() => 0), x.map(() => 0)];
  cells.forEach((window, o) => {
    for (let k = 0; k < c; k++) {
      const best = window.reduce((a, b) => (x[b + k]! > x[a + k]! ? b : a));
      largest[o * c + k] = x[best + k]!;
      average[o * c + k] = mean(window.map((cell) => x[cell + k]!));
      fromLargest[best + k]! += dy[o * c + k]!;
      for (const cell of window) fromAverage[cell + k]! += dy[o * c + k]! / window.length;
    }
  });
  expect(run('max_pool_f32', outs * c, xp, at)).toEqual(largest);
  expectClose(run('avg_pool_f32', outs * c, xp, at), average);
  expectClose(run('max_pool_grad_f32', x.length, xp, dp, at), fromLargest);
  expectClose(run('avg_pool_grad_f32', x.length, dp, at), fromAverage);
});
