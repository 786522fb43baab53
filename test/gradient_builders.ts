/** @file What the gradient tests build of state, loops, batch statistics and pooling, where an op alone makes no sense. */
import * as tf from '../src';
import { lookup, parse } from '../src/graph/opdef';
import { TensorArray } from '../src/ops/tensor_array';

/** A shape of random numbers to differentiate by, a list of such, or a constant. */
export type Input = readonly number[] | readonly (readonly number[])[] | tf.Value | readonly tf.Value[];
export interface Recipe {
  readonly in?: Readonly<Record<string, Input>>;
  readonly attrs?: Readonly<Record<string, unknown>>;
  /** Inputs of floats that TensorFlow gives no gradient for. */
  readonly none?: readonly string[];
  /** Outputs that count, by index; all without it. */
  readonly out?: readonly number[];
  /** Of the random numbers. */
  readonly range?: readonly [low: number, high: number];
  readonly float32?: true;
  /** Where the op alone makes no sense: shapes of tensors, or of variables of a kind, and what is built of them. */
  readonly of?: readonly (readonly number[])[];
  readonly kind?: 'ref' | 'resource';
  readonly build?: (...xs: tf.Tensor[]) => tf.Tensor | readonly tf.Tensor[];
}

export const i32 = (x: tf.Nested): tf.Value => tf.Value.from(x, 'int32');
export const i64 = (x: tf.Nested): tf.Value => tf.Value.from(x, 'int64');
export const M = [2, 3] as const;
export const window2 = { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'SAME' };
export const window3 = { ksize: [1, 2, 2, 2, 1], strides: [1, 1, 2, 1, 1], padding: 'VALID' };
export const image = [1, 4, 3, 2] as const;
export const cube = [1, 3, 3, 2, 1] as const;

/** An op of that type; attrs that the inputs tell are found. */
export function make(
  type: string,
  inputs: readonly (tf.Tensor | readonly tf.Tensor[])[],
  attrs: Readonly<Record<string, unknown>> = {},
): readonly tf.Tensor[] {
  const def = lookup(type)!;
  const found: Record<string, unknown> = {};
  Object.values(def.inputs).forEach((spec, i) => {
    const given = inputs[i]!;
    const { type: of, count, each } = parse(spec);
    if (count !== undefined) found[count] = (given as readonly tf.Tensor[]).length;
    if (each) found[of] = (given as readonly tf.Tensor[]).map((t) => t.dtype);
    else if (of in def.attrs) found[of] = (given instanceof tf.Tensor ? given : given[0]!).dtype;
  });
  const filled: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(def.attrs)) {
    filled[key] =
      attrs[key] ?? found[key] ?? (spec as { default?: unknown }).default ?? (spec.kind === 'shape' ? null : undefined);
  }
  return tf.getDefaultGraph().createOp(type, inputs.flat() as tf.Tensor[], filled).outputs;
}

// ---- matrices -----------------------------------------------------------------------------------------------------

const ones = (n: number): tf.Tensor => tf.eye(n, { dtype: 'float64' });
/** Of a square matrix: that plus 3 I, and the same symmetric and positive definite. */
export const square = (type: string, attrs: Readonly<Record<string, unknown>> = {}): Recipe => ({
  of: [[3, 3]],
  build: (x) => make(type, [x.add(ones(3).mul(3))], attrs),
});
const definite = (x: tf.Tensor): tf.Tensor => tf.matmul(x, x, { transposeB: true }).add(ones(3).mul(2));
export const symmetric = (type: string): Recipe => ({ of: [[3, 3]], build: (x) => make(type, [definite(x)]) });
/** Eigenvectors may point either way. */
export const eigen: Recipe = {
  of: [[3, 3]],
  build: (x) => {
    const [e, v] = make('SelfAdjointEigV2', [
      definite(x).add(
        tf.constant(
          [
            [0, 0, 0],
            [0, 3, 0],
            [0, 0, 7],
          ],
          'float64',
        ),
      ),
    ]);
    return [e!, tf.square(v!)];
  },
};
export const solved = (type: string): Recipe => ({
  of: [
    [3, 3],
    [3, 2],
  ],
  build: (x, y) => make(type, [x.add(ones(3).mul(3)), y]),
});

// ---- state, flow ------------------------------------------------------------------------------------------------------

export const first = (list: readonly tf.Tensor[]): tf.Tensor => list[0]!;
export const array = (size: number, x: tf.Tensor, inferShape = true): TensorArray =>
  new TensorArray(x.dtype, { size: i32(size), inferShape, clearAfterRead: false });
const rowByRow = (x: tf.Tensor): TensorArray =>
  array(2, x)
    .write(i32(0), tf.gather(x, i32(0)))
    .write(i32(1), tf.gather(x, i32(1)));
const loop = (x: tf.Tensor): tf.Tensor =>
  first(
    tf.whileLoop(
      ((_: tf.Tensor, i: tf.Tensor) => tf.less(i, i32(3))) as never,
      ((y: tf.Tensor, i: tf.Tensor) => [tf.multiply(y, x), tf.add(i, i32(1))]) as never,
      [x, tf.constant(0, { dtype: 'int32' })],
    ) as readonly tf.Tensor[],
  );
export const written: Recipe = { of: [M], build: (x) => rowByRow(x).stack() };
export const scattered: Recipe = { of: [M], build: (x) => array(2, x).unstack(x).read(i32(1)) };
export const flow: Recipe = { of: [M], build: loop };
export const byChoice: Recipe = {
  of: [M],
  build: (x) => {
    const [off, on] = make('Switch', [x, tf.constant(true)]) as [tf.Tensor, tf.Tensor];
    return first(make('Merge', [[tf.square(off), tf.exp(on)]]));
  },
};
/** y and its batch statistics, then dx, dscale and doffset for some dy: what the op's gradient is about. */
export const normGrad = (version: string): Recipe => ({
  float32: true,
  of: [[2, 3, 2, 2], [2], [2, 3, 2, 2]],
  build(x, scale, dy) {
    const zero = tf.constant([], { shape: [0] } as never);
    const [, , , ...reserve] = make(`FusedBatchNorm${version}`, [x, scale, tf.constant([0, 0]), zero, zero]);
    return make(`FusedBatchNormGrad${version}`, [dy, x, scale, ...reserve], {}).slice(0, 3);
  },
});
export const norm: Recipe = {
  float32: true,
  in: {
    x: [2, 3, 2, 2],
    scale: [2],
    offset: [2],
    mean: tf.Value.zeros('float32', [0]),
    variance: tf.Value.zeros('float32', [0]),
  },
  out: [0],
};
/** Linear in the gradient that comes in; the pooled tensor decides only where it goes. */
export const poolGrad = (
  type: string,
  pool: readonly number[],
  window: Readonly<Record<string, unknown>>,
  lists: readonly tf.Value[] = [],
): Recipe => {
  const float32 = pool === cube;
  const probe = tf.Value.cells(
    float32 ? 'float32' : 'float64',
    pool,
    Array.from({ length: pool.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * i)),
  );
  return {
    ...(float32 ? { float32 } : {}),
    of: [pool],
    build: (g) => {
      const x = tf.constant(probe);
      const inner = lists.length > 0 ? 'MaxPoolV2' : type.replace(/Grad/g, '');
      const y = first(make(inner, [x, ...lists.map((v) => tf.constant(v))], window));
      const isSecond = type.includes('GradGrad');
      const dy = isSecond
        ? g
        : tf.slice(g, tf.constant([0, 0, 0, 0, 0].slice(0, pool.length), { dtype: 'int32' }), make('Shape', [y])[0]!);
      return first(make(type, [x, y, dy, ...lists.map((v) => tf.constant(v))], window));
    },
  };
};
