/** @file The forms that functions of one number share: y = f(x), and z = f'(x) dy given y. */
import { GraphError } from '../errors';
import { defineOp, type MakeOp } from '../graph/define';
import { type Attr, type Grad, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Call } from '../kernels/table';
import { COMPLEX, type DType, FLOATS } from '../value/dtype';
import { sameShape } from '../value/shape';
import { mapCells, type Pair, type Single, zipBy } from './cellwise';

type MakeUnary = MakeOp<{ x: 'T' }, { y: 'T' }, { T: Attr<DType> }>;
type MakeGrad = MakeOp<{ y: 'T'; dy: 'T' }, { z: 'T' }, { T: Attr<DType> }>;

export const CONTINUOUS = [...FLOATS, ...COMPLEX] as const;
export const SIGNED = [...FLOATS, 'int8', 'int16', 'int32', 'int64', ...COMPLEX] as const;

export interface Unary {
  readonly types?: readonly DType[];
  /** dx from dy, x and y; null: the function is flat. */
  readonly gradient: null | ((dy: Tensor, x: Tensor, y: Tensor) => Grad);
  /** Chosen by x's dtype. */
  readonly cells: (dtype: DType) => Single;
  /** Name of a kernel (y, x, n) for float32. */
  readonly kernel?: string;
}
/** y = f(x), cell by cell. */
export function defineUnary(name: string, { types = CONTINUOUS, gradient, cells, kernel }: Unary): MakeUnary {
  return defineOp({
    name,
    inputs: { x: 'T' },
    outputs: { y: 'T' },
    attrs: { T: type(types) },
    inplace: ['x'],
    infer: ({ x }) => ({ y: x.shape }),
    gradient: ({ y: dy }, { x, y }) => ({ x: gradient?.(dy, x, y) ?? null }),
    reference: ({ x, y }) => mapCells(x, y, cells),
    kernel: ({ x, y }): Call | null => (kernel && x.dtype === 'float32' ? [kernel, y.ptr, x.ptr, x.size] : null),
  });
}

export interface UnaryGrad {
  /** The gradients of y and dy from dz, y, dy and z. */
  readonly gradient: (dz: Tensor, y: Tensor, dy: Tensor, z: Tensor) => { readonly y: Tensor; readonly dy: Tensor };
  /** z from a cell of y and one of dy. */
  readonly cells: (dtype: DType) => Pair;
  /** Name of a kernel (z, y, dy, n) for float32. */
  readonly kernel?: string;
}
/** z = dy f'(x), told from y = f(x) alone; y and dy are of one shape. */
export function defineUnaryGrad(name: string, { gradient, cells, kernel }: UnaryGrad): MakeGrad {
  return defineOp({
    name,
    inputs: { y: 'T', dy: 'T' },
    outputs: { z: 'T' },
    attrs: { T: type(CONTINUOUS) },
    inplace: ['y', 'dy'],
    infer: ({ y }) => ({ z: y.shape }),
    gradient: ({ z: dz }, { y, dy, z }) => gradient(dz, y, dy, z),
    reference({ y, dy, z }) {
      if (!sameShape(y.shape, dy.shape)) throw unequal(y.shape, dy.shape);
      zipBy(cells)({ x: y, y: dy, z });
    },
    kernel: ({ y, dy, z }): Call | null =>
      kernel && y.dtype === 'float32' && sameShape(y.shape, dy.shape) ? [kernel, z.ptr, y.ptr, dy.ptr, z.size] : null,
  });
}
const unequal = (y: readonly number[], dy: readonly number[]): GraphError =>
  new GraphError('InvalidArgument', `y and dy must be of the same shape. y shape: [${y}]. dy shape: [${dy}]`);
