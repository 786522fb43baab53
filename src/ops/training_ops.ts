/** @file The ops that move variables against their gradients: each rule in four forms (ref, resource; dense, sparse). */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Args, type Attr, bool, type Known, type MakeAnyOp, type } from '../graph/opdef';
import type { Operation } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type Cells, NUMBERS } from '../value/dtype';
import { merge, type Shape, sameShape, showShape } from '../value/shape';
import { refuse, sameDim, withRank } from './expect';
import { type Flags, RULES, type Rule, type Update } from './training_rules';

const makers = new Map<string, MakeAnyOp>();

for (const row of RULES) {
  for (const kind of ['ref', 'resource'] as const) {
    define(row, kind, false);
    if (row.sparse) define(row, kind, true);
  }
}

function define(row: Rule, kind: 'ref' | 'resource', sparse: boolean): void {
  const name = `${kind === 'resource' ? 'Resource' : ''}${sparse ? 'Sparse' : ''}Apply${row.name}`;
  const gradient = sparse ? 'grad' : (row.gradient ?? 'grad');
  const scalar = (key: string) => [key, key === 'global_step' ? 'int64' : 'T'] as const;
  const inputs: Args = Object.fromEntries([
    ...row.state.map((key) => [key, kind === 'ref' ? 'Ref(T)' : 'resource'] as const),
    ...row.before.map(scalar),
    [gradient, 'T'],
    ...(sparse ? [['indices', 'Tindices'] as const] : []),
    ...(row.after ?? []).map(scalar),
  ]);
  const attrs = {
    T: type(NUMBERS),
    ...(sparse ? { Tindices: type(['int32', 'int64']) } : {}),
    use_locking: bool(false),
    ...row.flags,
  };
  const scalars = [...row.before, ...(row.after ?? [])];
  type Slots = Readonly<Record<string, Slot>>;
  const reference = (t: Slots, flags: Flags) => {
    const state = row.state.map((key) => t[key]!);
    const g = t[gradient]!;
    check(row, state, g, sparse);
    const float = t.var!.dtype !== 'float64';
    const s = Object.fromEntries(scalars.map((key) => [key, Number(t[key]!.data[0])]));
    const cells = state.map((x) => x.data);
    const update = row.rule(cells, s, flags, float ? Math.fround : (x) => x, sparse);
    const values = g.data;
    if (!sparse) for (let i = 0; i < values.length; i++) update(i, values[i]!);
    else eachRow(t.var!, t.indices!, values, update);
  };
  const make = defineOp({
    name,
    inputs,
    outputs: (kind === 'ref' ? { out: 'Ref(T)' } : {}) as Args,
    attrs: attrs as Record<string, Attr<unknown>>,
    ...(kind === 'resource' ? { stateful: true as const } : {}),
    updates: row.state as never,
    infer(known) {
      const out = inferShape(row, known as Inputs, gradient);
      return (kind === 'ref' ? { out } : {}) as never;
    },
    gradient: 'missing',
    reference: reference as never,
    ...(row.kernel && !sparse
      ? { kernel: ((t: Slots, flags: Flags) => (isPlain(t, row, gradient) ? row.kernel!(t, flags) : null)) as never }
      : {}),
  });
  makers.set(name, make as unknown as MakeAnyOp);
}

type Inputs = Readonly<Record<string, Known>>;
/** What variable, slots and gradient say of the shape together. */
function inferShape({ state, before, after = [] }: Rule, inputs: Inputs, gradient: string): Shape {
  const scalars = (keys: readonly string[]) => {
    for (const key of keys) {
      const { shape } = inputs[key]!;
      withRank(shape, 0, `${key} is not a scalar: ${showShape(shape)}`);
    }
  };
  const shapeAt = (key: string): Shape => (inputs[key]!.handle ?? inputs[key]!).shape;
  let shape: Shape = null;
  const agree = (key: string, other: Shape, atRun?: string) => {
    const words = atRun ?? `var and ${key} do not have the same shape${showShape(shape)} ${showShape(other)}`;
    try {
      shape = merge(shape, other);
    } catch (e) {
      refuse((e as GraphError).reason, words);
    }
  };
  for (const key of state) agree(key, shapeAt(key));
  scalars(before);
  const { indices } = inputs;
  const g = inputs[gradient]!.shape;
  if (!indices) agree(gradient, g);
  else {
    const [rows] = withRank(indices.shape, 1, 'indices must be one-dimensional') ?? [null];
    if (g) {
      sameDim(rows!, g[0] ?? null, 'grad must be the same size as indices in the first dimension.');
      agree(gradient, [null, ...g.slice(1)], 'var and grad must match in dimension 1');
    }
  }
  scalars(after);
  return shape;
}

/** Whether the float32 kernel applies: one shape, nothing to complain about. */
const isPlain = (t: Readonly<Record<string, Slot>>, row: Rule, gradient: string): boolean =>
  t.var!.dtype === 'float32' && row.state.every((key) => sameShape(t[key]!.shape, t[gradient]!.shape));

function check(row: Rule, state: readonly Slot[], g: Slot, sparse: boolean): void {
  const [w] = state as [Slot];
  state.forEach((s, i) => {
    if (!sameShape(s.shape, w.shape)) {
      throw new GraphError(
        'InvalidArgument',
        `var and ${row.state[i]} do not have the same shape${showShape(w.shape)} ${showShape(s.shape)}`,
      );
    }
  });
  const whole = sparse ? w.shape.slice(1) : w.shape;
  const part = sparse ? g.shape.slice(1) : g.shape;
  if (sameShape(whole, part)) return;
  const what = row.gradient === 'delta' && !sparse ? 'delta' : 'grad';
  throw new GraphError(
    'InvalidArgument',
    sparse
      ? `var and grad must match in dimension 1`
      : `var and ${what} do not have the same shape${showShape(w.shape)} ${showShape(g.shape)}`,
  );
}

function eachRow(w: Slot, indices: Slot, values: Cells, update: Update): void {
  const rows = w.shape[0]!;
  const width = rows === 0 ? 0 : w.size / rows;
  if (values.length !== indices.size * width) {
    throw new GraphError('InvalidArgument', 'grad must be the same size as indices in the first dimension.');
  }
  for (let k = 0; k < indices.size; k++) {
    const row = Number(indices.data[k]);
    if (!(row >= 0 && row < rows)) {
      throw new GraphError('InvalidArgument', `Index ${row} at offset ${k} in indices is out of range`);
    }
    for (let j = 0; j < width; j++) update(row * width + j, values[k * width + j]!);
  }
}

/** Adds the Apply op of that name; inputs by TensorFlow's argument names. */
export function applyOp(
  name: string,
  inputs: Readonly<Record<string, TensorLike>>,
  attrs: Readonly<Record<string, boolean>>,
  opName?: string,
): Operation {
  const make = makers.get(name);
  if (!make) throw new GraphError('Lookup', `TensorFlow has no op '${name}'.`);
  return make(inputs, attrs, opName ?? name).op;
}
