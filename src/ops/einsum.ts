/** @file Sums of products over named axes, made of transposes, reshapes and one matrix product for each pair of inputs. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { logging } from '../logging';
import { multiply } from './arithmetic';
import { type Named, reshape, shapeOf } from './array';
import { i32 } from './expect';
import { matmul } from './linear';
import { trace } from './matrix';
import { times } from './operators';
import { transpose } from './permute';
import { reduceSum } from './reduce';
import { expandDims } from './shape';
import { index } from './slice';

const fail = (message: string): never => {
  throw new GraphError('Value', message);
};
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** Letters in the order of their codes, as Python sorts them. */
const sorted = (labels: Iterable<string>): string[] => [...new Set(labels)].sort((a, b) => (a < b ? -1 : 1));

/** The axes of each input and of the output, with letters for those that `...` stands for. */
function axesOf(equation: string, inputs: readonly Tensor[]): { ins: string[]; out: string } {
  const [, left, right] =
    /^([a-zA-Z,.]+)(->[a-zA-Z.]*)?$/.exec(equation) ?? fail(`Indices have incorrect format: ${equation}`);
  const ins = left!.split(',');
  let out = right?.slice(2);
  if (ins.length !== inputs.length) {
    fail(`Got ${ins.length} arguments for equation "${equation}", expecting ${inputs.length}`);
  }
  let ellipsis = '';
  if (equation.includes('...')) {
    const used = new Set(left);
    const unused = [...LETTERS].filter((c) => !used.has(c)).join('');
    ins.forEach((labels, i) => {
      if (!labels.includes('...')) return;
      const parts = labels.split('...');
      if (parts.length !== 2) fail('Unable to resolve ellipsis. Excess number found.');
      const rank = inputs[i]!.shape?.length ?? fail('Unable to statically infer ellipsis axes.');
      const n = rank - parts.join('').length;
      if (n < 0) fail('Ellipses lengths do not match.');
      if (unused.length < n) fail('Unable to resolve ellipsis, too many distinct labels.');
      const axes = n > 0 ? unused.slice(-n) : '';
      ins[i] = parts.join(axes);
      if (axes.length > ellipsis.length) ellipsis = axes;
    });
    out = out?.replace('...', ellipsis);
  }
  if ([...ins, out].some((labels) => labels?.includes('.'))) fail('period "." found outside of ellipsis');
  const all = ins.join('');
  const once = (c: string): boolean => !ellipsis.includes(c) && all.split(c).length === 2;
  return { ins, out: out ?? ellipsis + sorted(all).filter(once).join('') };
}

const transposed = (t: Tensor, perm: readonly number[]): Tensor =>
  perm.every((p, i) => p === i) ? t : transpose(t, i32(perm));

type Size = number | Tensor;
/** The size of each dimension: a tensor where it is unknown. */
function sizesOf(t: Tensor): Size[] {
  const shape = t.shape!;
  if (!shape.includes(null)) return shape as number[];
  const sizes = shapeOf(t);
  return shape.map((d, i) => d ?? index(sizes, [i]));
}
const product = (sizes: readonly Size[]): Size =>
  sizes.reduce<Size>((a, b) => (typeof a === 'number' && typeof b === 'number' ? a * b : (times(a, b) as Size)), 1);
function reshaped(t: Tensor, to: readonly Size[]): Tensor {
  const { shape } = t;
  const same = to.length === shape!.length && to.every((d, i) => typeof d === 'number' && d === shape![i]);
  return same ? t : reshape(t, to.every((d) => typeof d === 'number') ? i32(to as number[]) : (to as TensorLike));
}

/** Multiplies two inputs and sums over `summed`. */
function contract(a: Tensor, aAxes: string, b: Tensor, bAxes: string, summed: ReadonlySet<string>): [Tensor, string] {
  const wrong = ([name, t, axes]: [string, Tensor, string]): void => {
    if (axes.length === t.shape?.length) return;
    fail(`Tensor ${name} of rank ${t.shape?.length} does not match einsum reduction of length ${axes.length}`);
  };
  wrong(['t0', a, aAxes]);
  wrong(['t1', b, bAxes]);
  const kept = [...aAxes].filter((c) => bAxes.includes(c) && !summed.has(c));
  const own = [aAxes, bAxes].map((axes) => [...axes].filter((c) => !kept.includes(c) && !summed.has(c)));
  // what both keep, then for a its own before the summed axes, for b the summed before its own
  const place = (side: 0 | 1, c: string): number =>
    kept.includes(c) ? -1 : (side === 0 ? own[0]!.includes(c) : summed.has(c)) ? 0 : 1;
  const order = (side: 0 | 1, axes: string): string[] =>
    [...axes].sort((x, y) => place(side, x) - place(side, y) || (x < y ? -1 : 1));
  const [aOrder, bOrder] = [order(0, aAxes), order(1, bAxes)];
  let x = transposed(
    a,
    aOrder.map((c) => aAxes.indexOf(c)),
  );
  let y = transposed(
    b,
    bOrder.map((c) => bAxes.indexOf(c)),
  );
  const n = kept.length;
  if (summed.size === 0) {
    for (const _ of own[1]!) x = expandDims(x, i32(-1));
    for (const _ of own[0]!) y = expandDims(y, i32(n));
    return [multiply(x, y), [...aOrder, ...bOrder.slice(n)].join('')];
  }
  const aSizes = sizesOf(x);
  const [rows, inner] = [product(aSizes.slice(n, -summed.size)), product(aSizes.slice(-summed.size))];
  x = reshaped(x, [...aSizes.slice(0, n), rows, inner]);
  const bSizes = sizesOf(y);
  const columns = product(bSizes.slice(n + summed.size));
  y = reshaped(y, [...bSizes.slice(0, n), product(bSizes.slice(n, n + summed.size)), columns]);
  const whole = n + own[0]!.length;
  const tail = bSizes.length - own[1]!.length;
  const z = reshaped(matmul(x, y), [...aSizes.slice(0, whole), ...bSizes.slice(tail)]);
  return [z, [...aOrder.slice(0, whole), ...bOrder.slice(tail)].join('')];
}

/** All inputs broadcast against each other, multiplied and summed: for an axis that more than two inputs sum over. */
function broadcastAll(inputs: readonly Tensor[], ins: readonly string[], out: string): Tensor {
  const all = sorted(ins.join('') + out);
  const axes = [...all.filter((c) => !out.includes(c)), ...out];
  const orders = ins.map((labels) => [...labels].sort((x, y) => axes.indexOf(x) - axes.indexOf(y)));
  const moved = inputs.map((t, i) => {
    const labels = ins[i]!;
    if (t.shape?.length !== labels.length) {
      const rank = t.shape?.length ?? 'None';
      fail(
        `Input ${i} with axes ${labels} has incorrect number of dimensions (expected ${labels.length}, got ${rank})`,
      );
    }
    return transposed(
      t,
      orders[i]!.map((c) => labels.indexOf(c)),
    );
  });
  const spread = moved.map((t, i) => {
    const sizes = t.shape!.map((d) => d || -1);
    let at = 0;
    return reshape(t, i32(axes.map((c) => (orders[i]!.includes(c) ? sizes[at++]! : 1))));
  });
  const result = spread.reduce<TensorLike>((a, b) => times(a, b), 1);
  const over = axes.length - out.length;
  return reduceSum(result, i32(Array.from({ length: over }, (_, i) => i)));
}

/**
 * The sum over all axes that `equation` does not name on its right, of the product of the inputs: 'ij,jk->ik' is a matrix
 * product. The ranks must be known. Raises Value for an equation that says nothing, or does not fit the inputs.
 * @tensorflow tf.einsum
 */
export function einsum(equation: string, inputs: readonly TensorLike[], { name }: Named = {}): Tensor {
  if (typeof equation !== 'string') throw new GraphError('Type', `equation must be a string, got ${equation}`);
  const graph = graphOf(inputs);
  return graph.nameScope(name ?? 'einsum', () => {
    const tensors = inputs.map((t) => convertToTensor(t, {}, graph));
    const text = equation.replaceAll(' ', '');
    const { ins, out } = axesOf(text, tensors);
    const [only] = ins;
    const isTrace = ins.length === 1 && !text.includes('->') && only!.length === 2 && only![0] === only![1];
    if (isTrace) return trace(tensors[0]!);
    for (const labels of ins) {
      if (new Set(labels).size < labels.length) {
        fail(`Subscript not supported: an axis appears more than once: ${labels}`);
      }
    }
    const crowded = sorted(ins.join('')).find((c) => !out.includes(c) && ins.filter((s) => s.includes(c)).length > 2);
    if (crowded) {
      logging.warn(
        `Falling back to exponential-space implementation of einsum() because index "${crowded}" is summed over more than two inputs.`,
      );
      return broadcastAll(tensors, ins, out);
    }
    let [result, axes] = [tensors[0]!, ins[0]!];
    tensors.slice(1).forEach((t, i) => {
      const next = ins[i + 1]!;
      const summed = new Set([...axes].filter((c) => next.includes(c) && !out.includes(c)));
      [result, axes] = contract(result, axes, t, next, summed);
    });
    const gone = [...axes].flatMap((c, i) => (out.includes(c) ? [] : [i]));
    if (gone.length > 0) {
      result = reduceSum(result, i32(gone));
      axes = [...axes].filter((c) => out.includes(c)).join('');
    }
    if ([...axes].sort().join('') !== [...out].sort().join('')) fail(`Invalid equation: ${text}`);
    return transposed(
      result,
      [...out].map((c) => axes.indexOf(c)),
    );
  });
}
