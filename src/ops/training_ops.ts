/** @file The ops that move variables against their gradients: one row per rule, in four forms (ref, resource; dense, sparse). */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Args, type Attr, bool, type Known, type MakeAnyOp, type } from '../graph/opdef';
import type { Operation } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type Call, hasKernel } from '../kernels/table';
import { type Cells, NUMBERS } from '../value/dtype';
import { sameShape, showShape } from '../value/shape';

/** Moves the cells of one variable: cell `i` of the state, `g` its gradient. */
type Update = (i: number, g: number) => void;
type Scalars = Readonly<Record<string, number>>;
type Flags = Readonly<Record<string, boolean>>;

interface Rule {
  /** What follows 'Apply' in the op's name. */
  readonly name: string;
  /** The variable and its slots. */
  readonly state: readonly string[];
  /** The scalars before the gradient and, for some rules, after it. */
  readonly before: readonly string[];
  readonly after?: readonly string[];
  /** What the dense form calls the gradient. */
  readonly gradient?: string;
  readonly flags?: Readonly<Record<string, Attr<boolean>>>;
  /** Which forms TensorFlow has. */
  readonly forms: string;
  readonly rule: (state: readonly Cells[], s: Scalars, flags: Flags, round: (x: number) => number) => Update;
  readonly kernel?: (t: Readonly<Record<string, Slot>>, flags: Flags) => Call | null;
}

const sign = Math.sign;
const { abs, max, sqrt } = Math;

/** The proximal step of a variable: shrinks by l1, scales by l2. */
const proximal = (prox: number, lr: number, l1: number, l2: number): number =>
  l1 > 0 ? (sign(prox) * max(abs(prox) - lr * l1, 0)) / (1 + l2 * lr) : prox / (1 + l2 * lr);

const ftrl =
  (shrinks: boolean): Rule['rule'] =>
  ([w, accum, linear], { lr, l1, l2, lr_power, l2_shrinkage }) =>
  (i, g) => {
    const shrunk = shrinks ? g + 2 * l2_shrinkage! * w![i]! : g;
    const now = accum![i]! + g * g;
    const power = (x: number) => (lr_power === -0.5 ? sqrt(x) : x ** -lr_power!);
    linear![i]! += shrunk - ((power(now) - power(accum![i]!)) / lr!) * w![i]!;
    const z = linear![i]!;
    w![i] = abs(z) > l1! ? (l1! * sign(z) - z) / (power(now) / lr! + 2 * l2!) : 0;
    accum![i] = now;
  };

const momentum: Rule['rule'] =
  ([w, accum], { lr, momentum: m }, { use_nesterov }, f) =>
  (i, g) => {
    const a = f(f(accum![i]! * m!) + g);
    accum![i] = a;
    w![i]! -= use_nesterov ? f(f(g * lr!) + f(f(a * m!) * lr!)) : f(a * lr!);
  };

const RULES: readonly Rule[] = [
  {
    name: 'GradientDescent',
    state: ['var'],
    before: ['alpha'],
    gradient: 'delta',
    forms: 'ref resource',
    rule:
      ([w], { alpha }, _, f) =>
      (i, g) => {
        w![i]! -= f(alpha! * g);
      },
    kernel: ({ var: w, alpha, delta }) =>
      hasKernel('apply_gradient_descent_f32')
        ? ['apply_gradient_descent_f32', w!.ptr, alpha!.ptr, delta!.ptr, w!.size]
        : null,
  },
  {
    name: 'Momentum',
    state: ['var', 'accum'],
    before: ['lr'],
    after: ['momentum'],
    flags: { use_nesterov: bool(false) },
    forms: 'ref resource sparse',
    rule: momentum,
  },
  {
    name: 'Adagrad',
    state: ['var', 'accum'],
    before: ['lr'],
    flags: { update_slots: bool(true) },
    forms: 'ref resource sparse',
    rule:
      ([w, accum], { lr }, { update_slots }) =>
      (i, g) => {
        if (update_slots) accum![i]! += g * g;
        w![i]! -= (lr! * g) / sqrt(accum![i]!);
      },
  },
  {
    name: 'Adadelta',
    state: ['var', 'accum', 'accum_update'],
    before: ['lr', 'rho', 'epsilon'],
    forms: 'ref resource sparse',
    rule:
      ([w, accum, moved], { lr, rho, epsilon }) =>
      (i, g) => {
        accum![i] = accum![i]! * rho! + g * g * (1 - rho!);
        const step = (sqrt(moved![i]! + epsilon!) / sqrt(accum![i]! + epsilon!)) * g;
        w![i]! -= step * lr!;
        moved![i] = moved![i]! * rho! + step * step * (1 - rho!);
      },
  },
  {
    name: 'Adam',
    state: ['var', 'm', 'v'],
    before: ['beta1_power', 'beta2_power', 'lr', 'beta1', 'beta2', 'epsilon'],
    flags: { use_nesterov: bool(false) },
    forms: 'ref resource',
    rule([w, m, v], { beta1_power, beta2_power, lr, beta1, beta2, epsilon }, { use_nesterov }, f) {
      const alpha = f((lr! * f(sqrt(f(1 - beta2_power!)))) / f(1 - beta1_power!));
      const [a, b] = [f(1 - beta1!), f(1 - beta2!)];
      return (i, g) => {
        m![i]! += f(f(g - m![i]!) * a);
        v![i]! += f(f(f(g * g) - v![i]!) * b);
        const moved = use_nesterov ? f(f(g * a) + f(beta1! * m![i]!)) : m![i]!;
        w![i]! -= f(f(moved * alpha) / f(f(sqrt(v![i]!)) + epsilon!));
      };
    },
  },
  {
    name: 'AdaMax',
    state: ['var', 'm', 'v'],
    before: ['beta1_power', 'lr', 'beta1', 'beta2', 'epsilon'],
    forms: 'ref resource',
    rule:
      ([w, m, v], { beta1_power, lr, beta1, beta2, epsilon }) =>
      (i, g) => {
        m![i]! += (g - m![i]!) * (1 - beta1!);
        v![i] = max(beta2! * v![i]!, abs(g));
        w![i]! -= (lr! / (1 - beta1_power!)) * (m![i]! / (v![i]! + epsilon!));
      },
  },
  {
    name: 'RMSProp',
    state: ['var', 'ms', 'mom'],
    before: ['lr', 'rho', 'momentum', 'epsilon'],
    forms: 'ref resource sparse',
    rule:
      ([w, ms, mom], { lr, rho, momentum: m, epsilon }) =>
      (i, g) => {
        ms![i]! += (g * g - ms![i]!) * (1 - rho!);
        mom![i] = mom![i]! * m! + (g * lr!) / sqrt(ms![i]! + epsilon!);
        w![i]! -= mom![i]!;
      },
  },
  {
    name: 'CenteredRMSProp',
    state: ['var', 'mg', 'ms', 'mom'],
    before: ['lr', 'rho', 'momentum', 'epsilon'],
    forms: 'ref resource sparse',
    rule:
      ([w, mg, ms, mom], { lr, rho, momentum: m, epsilon }) =>
      (i, g) => {
        ms![i]! += (g * g - ms![i]!) * (1 - rho!);
        mg![i]! += (g - mg![i]!) * (1 - rho!);
        const denominator = ms![i]! - mg![i]! * mg![i]! + epsilon!;
        mom![i] = mom![i]! * m! + (g * lr!) / sqrt(denominator);
        w![i]! -= mom![i]!;
      },
  },
  {
    name: 'ProximalGradientDescent',
    state: ['var'],
    before: ['alpha', 'l1', 'l2'],
    gradient: 'delta',
    forms: 'ref resource sparse',
    rule:
      ([w], { alpha, l1, l2 }) =>
      (i, g) => {
        w![i] = proximal(w![i]! - g * alpha!, alpha!, l1!, l2!);
      },
  },
  {
    name: 'ProximalAdagrad',
    state: ['var', 'accum'],
    before: ['lr', 'l1', 'l2'],
    forms: 'ref resource sparse',
    rule:
      ([w, accum], { lr, l1, l2 }) =>
      (i, g) => {
        accum![i]! += g * g;
        const rate = lr! / sqrt(accum![i]!);
        w![i] = proximal(w![i]! - g * rate, rate, l1!, l2!);
      },
  },
  {
    name: 'AdagradDA',
    state: ['var', 'gradient_accumulator', 'gradient_squared_accumulator'],
    before: [],
    after: ['lr', 'l1', 'l2', 'global_step'],
    forms: 'ref resource sparse',
    rule:
      ([w, sum, squares], { lr, l1, l2, global_step }) =>
      (i, g) => {
        sum![i]! += g;
        squares![i]! += g * g;
        const s = sum![i]!;
        const shrunk = l1! > 0 ? sign(s) * max(abs(s) - l1! * global_step!, 0) : s;
        w![i] = (-lr! * shrunk) / (l2! * global_step! * lr! + sqrt(squares![i]!));
      },
  },
  {
    name: 'Ftrl',
    state: ['var', 'accum', 'linear'],
    before: [],
    after: ['lr', 'l1', 'l2', 'lr_power'],
    forms: 'ref resource sparse',
    rule: ftrl(false),
  },
  {
    name: 'FtrlV2',
    state: ['var', 'accum', 'linear'],
    before: [],
    after: ['lr', 'l1', 'l2', 'l2_shrinkage', 'lr_power'],
    forms: 'ref resource sparse',
    rule: ftrl(true),
  },
];

const makers = new Map<string, MakeAnyOp>();

for (const row of RULES) {
  for (const kind of ['ref', 'resource'] as const) {
    if (!row.forms.includes(kind)) continue;
    define(row, kind, false);
    const lacksResource = row.name === 'ProximalAdagrad' || row.name === 'AdagradDA';
    if (row.forms.includes('sparse') && !(kind === 'resource' && lacksResource)) define(row, kind, true);
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
    const update = row.rule(cells, s, flags, float ? Math.fround : (x) => x);
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
    infer: (known) => (kind === 'ref' ? { out: (known.var as Known).shape } : {}) as never,
    gradient: 'missing',
    reference: reference as never,
    ...(row.kernel && !sparse
      ? { kernel: ((t: Slots, flags: Flags) => (isPlain(t, row, gradient) ? row.kernel!(t, flags) : null)) as never }
      : {}),
  });
  makers.set(name, make as unknown as MakeAnyOp);
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
