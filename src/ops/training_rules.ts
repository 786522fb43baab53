/** @file How each training op moves a variable's cells: one row per rule. */
import { type Attr, bool } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { type Call, hasKernel } from '../kernels/table';
import type { Cells } from '../value/dtype';

/** Moves the cells of one variable: cell `i` of the state, `g` its gradient. */
export type Update = (i: number, g: number) => void;
type Round = (x: number) => number;
type Scalars = Readonly<Record<string, number>>;
export type Flags = Readonly<Record<string, boolean>>;

export interface Rule {
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
  /** Whether TensorFlow has the forms that move only the rows of a sparse gradient. */
  readonly sparse?: true;
  /** `round`: what the variable's type keeps of a number; TensorFlow rounds after each operation. */
  readonly rule: (state: readonly Cells[], s: Scalars, flags: Flags, round: Round, sparse: boolean) => Update;
  readonly kernel?: (t: Readonly<Record<string, Slot>>, flags: Flags) => Call | null;
}

const sign = Math.sign;
const { abs, exp, max, sqrt } = Math;

/** The proximal step of a variable: shrinks by l1, scales by l2. */
const proximal = (prox: number, lr: number, l1: number, l2: number, f: Round): number => {
  const scale = f(1 + f(l2 * lr));
  return l1 > 0 ? (sign(prox) * max(f(abs(prox) - f(lr * l1)), 0)) / scale : prox / scale;
};
/** Square roots are taken first, then inverted, each rounded. */
const rsqrt = (x: number, f: Round): number => f(1 / f(sqrt(x)));

/** Of RMSProp: the same numbers in the dense and the sparse form, but in other steps. */
const meanSquare = (ms: number, g: number, rho: number, f: Round, sparse: boolean): number => {
  const [square, rest] = [f(g * g), f(1 - rho)];
  return sparse ? f(ms * rho) + f(square * rest) : ms + f(f(square - ms) * rest);
};
const scaledByRoot = (g: number, lr: number, x: number, f: Round, sparse: boolean): number =>
  sparse ? f(f(rsqrt(x, f) * lr) * g) : f(f(g * lr) / f(sqrt(x)));

const ftrl =
  (shrinks: boolean): Rule['rule'] =>
  ([w, accum, linear], { lr, l1, l2, lr_power, l2_shrinkage }, _, f) => {
    const power = (x: number) => f(lr_power === -0.5 ? sqrt(x) : x ** -lr_power!);
    return (i, g) => {
      const shrunk = shrinks ? f(g + f(f(2 * l2_shrinkage!) * w![i]!)) : g;
      const now = f(accum![i]! + f(g * g));
      linear![i]! += f(shrunk - f(f(f(power(now) - power(accum![i]!)) / lr!) * w![i]!));
      const z = linear![i]!;
      w![i] = abs(z) > l1! ? f(f(l1! * sign(z)) - z) / f(f(power(now) / lr!) + f(2 * l2!)) : 0;
      accum![i] = now;
    };
  };

const momentum: Rule['rule'] =
  ([w, accum], { lr, momentum: m }, { use_nesterov }, f, sparse) =>
  (i, g) => {
    const a = f(f(accum![i]! * m!) + g);
    accum![i] = a;
    const ahead = sparse ? f(f(lr! * m!) * a) : f(f(a * m!) * lr!);
    w![i]! -= use_nesterov ? f(f(g * lr!) + ahead) : f(a * lr!);
  };

/** A kernel that takes these operands by address, the number of cells, and a flag. */
const inPlace =
  (name: string, operands: readonly string[], flag?: string): NonNullable<Rule['kernel']> =>
  (t, flags) =>
    hasKernel(name)
      ? [name, ...operands.map((key) => t[key]!.ptr), t.var!.size, ...(flag ? [Number(flags[flag])] : [])]
      : null;

export const RULES: readonly Rule[] = [
  {
    name: 'GradientDescent',
    state: ['var'],
    before: ['alpha'],
    gradient: 'delta',
    rule:
      ([w], { alpha }, _, f) =>
      (i, g) => {
        w![i]! -= f(alpha! * g);
      },
    kernel: inPlace('apply_gradient_descent_f32', ['var', 'alpha', 'delta']),
  },
  {
    name: 'Momentum',
    state: ['var', 'accum'],
    before: ['lr'],
    after: ['momentum'],
    flags: { use_nesterov: bool(false) },
    sparse: true,
    rule: momentum,
    kernel: inPlace('apply_momentum_f32', ['var', 'accum', 'lr', 'grad', 'momentum'], 'use_nesterov'),
  },
  {
    name: 'Adagrad',
    state: ['var', 'accum'],
    before: ['lr'],
    flags: { update_slots: bool(true) },
    sparse: true,
    rule:
      ([w, accum], { lr }, { update_slots }, f) =>
      (i, g) => {
        if (update_slots) accum![i]! += f(g * g);
        w![i]! -= f(f(lr! * g) * rsqrt(accum![i]!, f));
      },
    kernel: inPlace('apply_adagrad_f32', ['var', 'accum', 'lr', 'grad'], 'update_slots'),
  },
  {
    name: 'Adadelta',
    state: ['var', 'accum', 'accum_update'],
    before: ['lr', 'rho', 'epsilon'],
    sparse: true,
    rule:
      ([w, accum, moved], { lr, rho, epsilon }, _, f) =>
      (i, g) => {
        const average = (old: number, x: number) => f(f(old * rho!) + f(f(x * x) * f(1 - rho!)));
        accum![i] = average(accum![i]!, g);
        const root = f(sqrt(f(moved![i]! + epsilon!)));
        const step = f(f(root * rsqrt(f(accum![i]! + epsilon!), f)) * g);
        w![i]! -= f(step * lr!);
        moved![i] = average(moved![i]!, step);
      },
  },
  {
    name: 'Adam',
    state: ['var', 'm', 'v'],
    before: ['beta1_power', 'beta2_power', 'lr', 'beta1', 'beta2', 'epsilon'],
    flags: { use_nesterov: bool(false) },
    rule([w, m, v], { beta1_power, beta2_power, lr, beta1, beta2, epsilon }, { use_nesterov }, f) {
      const alpha = f(f(lr! * f(sqrt(f(1 - beta2_power!)))) / f(1 - beta1_power!));
      const [a, b] = [f(1 - beta1!), f(1 - beta2!)];
      return (i, g) => {
        m![i]! += f(f(g - m![i]!) * a);
        v![i]! += f(f(f(g * g) - v![i]!) * b);
        const moved = use_nesterov ? f(f(g * a) + f(beta1! * m![i]!)) : m![i]!;
        w![i]! -= f(f(moved * alpha) / f(f(sqrt(v![i]!)) + epsilon!));
      };
    },
    kernel: inPlace(
      'apply_adam_f32',
      ['var', 'm', 'v', 'beta1_power', 'beta2_power', 'lr', 'beta1', 'beta2', 'epsilon', 'grad'],
      'use_nesterov',
    ),
  },
  {
    name: 'AdaMax',
    state: ['var', 'm', 'v'],
    before: ['beta1_power', 'lr', 'beta1', 'beta2', 'epsilon'],
    rule:
      ([w, m, v], { beta1_power, lr, beta1, beta2, epsilon }, _, f) =>
      (i, g) => {
        m![i]! += f(f(g - m![i]!) * f(1 - beta1!));
        v![i] = max(f(beta2! * v![i]!), abs(g));
        w![i]! -= f(f(lr! / f(1 - beta1_power!)) * f(m![i]! / f(v![i]! + epsilon!)));
      },
  },
  {
    name: 'RMSProp',
    state: ['var', 'ms', 'mom'],
    before: ['lr', 'rho', 'momentum', 'epsilon'],
    sparse: true,
    rule:
      ([w, ms, mom], { lr, rho, momentum: m, epsilon }, _, f, sparse) =>
      (i, g) => {
        ms![i] = meanSquare(ms![i]!, g, rho!, f, sparse);
        mom![i] = f(mom![i]! * m!) + scaledByRoot(g, lr!, f(ms![i]! + epsilon!), f, sparse);
        w![i]! -= mom![i]!;
      },
    kernel: inPlace('apply_rmsprop_f32', ['var', 'ms', 'mom', 'lr', 'rho', 'momentum', 'epsilon', 'grad']),
  },
  {
    name: 'CenteredRMSProp',
    state: ['var', 'mg', 'ms', 'mom'],
    before: ['lr', 'rho', 'momentum', 'epsilon'],
    sparse: true,
    rule:
      ([w, mg, ms, mom], { lr, rho, momentum: m, epsilon }, _, f, sparse) =>
      (i, g) => {
        const rest = f(1 - rho!);
        ms![i] = meanSquare(ms![i]!, g, rho!, f, sparse);
        mg![i] = sparse ? f(mg![i]! * rho!) + f(g * rest) : mg![i]! + f(f(g - mg![i]!) * rest);
        const variance = f(f(ms![i]! - f(mg![i]! * mg![i]!)) + epsilon!);
        mom![i] = f(mom![i]! * m!) + scaledByRoot(g, lr!, variance, f, sparse);
        w![i]! -= mom![i]!;
      },
  },
  {
    name: 'ProximalGradientDescent',
    state: ['var'],
    before: ['alpha', 'l1', 'l2'],
    gradient: 'delta',
    sparse: true,
    rule:
      ([w], { alpha, l1, l2 }, _, f) =>
      (i, g) => {
        w![i] = proximal(f(w![i]! - f(g * alpha!)), alpha!, l1!, l2!, f);
      },
  },
  {
    name: 'ProximalAdagrad',
    state: ['var', 'accum'],
    before: ['lr', 'l1', 'l2'],
    sparse: true,
    rule:
      ([w, accum], { lr, l1, l2 }, _, f) =>
      (i, g) => {
        accum![i]! += f(g * g);
        const rate = f(lr! * rsqrt(accum![i]!, f));
        w![i] = proximal(f(w![i]! - f(g * rate)), rate, l1!, l2!, f);
      },
  },
  {
    name: 'AdagradDA',
    state: ['var', 'gradient_accumulator', 'gradient_squared_accumulator'],
    before: [],
    after: ['lr', 'l1', 'l2', 'global_step'],
    sparse: true,
    rule:
      ([w, sum, squares], { lr, l1, l2, global_step }, _, f) =>
      (i, g) => {
        sum![i]! += g;
        squares![i]! += f(g * g);
        const s = sum![i]!;
        const shrunk = l1! > 0 ? sign(s) * max(f(abs(s) - f(l1! * global_step!)), 0) : s;
        w![i] = f(-lr! * shrunk) / f(f(f(l2! * global_step!) * lr!) + f(sqrt(squares![i]!)));
      },
  },
  {
    name: 'Ftrl',
    state: ['var', 'accum', 'linear'],
    before: [],
    after: ['lr', 'l1', 'l2', 'lr_power'],
    sparse: true,
    rule: ftrl(false),
  },
  {
    name: 'FtrlV2',
    state: ['var', 'accum', 'linear'],
    before: [],
    after: ['lr', 'l1', 'l2', 'l2_shrinkage', 'lr_power'],
    sparse: true,
    rule: ftrl(true),
  },
  {
    name: 'AddSign',
    state: ['var', 'm'],
    before: ['lr', 'alpha', 'sign_decay', 'beta'],
    rule:
      ([w, m], { lr, alpha, sign_decay, beta }, _, f) =>
      (i, g) => {
        m![i] = f(m![i]! * beta!) + f(g * f(1 - beta!));
        w![i]! -= f(f(lr! * f(alpha! + sign_decay! * sign(g) * sign(m![i]!))) * g);
      },
  },
  {
    name: 'PowerSign',
    state: ['var', 'm'],
    before: ['lr', 'logbase', 'sign_decay', 'beta'],
    rule:
      ([w, m], { lr, logbase, sign_decay, beta }, _, f) =>
      (i, g) => {
        m![i] = f(m![i]! * beta!) + f(g * f(1 - beta!));
        const scale = f(exp(f(logbase! * sign_decay!) * sign(g) * sign(m![i]!)));
        w![i]! -= f(f(lr! * scale) * g);
      },
  },
];
