/** @file Gradients of random parts of the graph, of gradients too. */
import * as tf from '../../../src';
import { type Builder, type Entry, type Family, isFloat, kindOf, sizeOf } from '../builder';

/** All tensors that x is computed from. */
export function ancestors(x: tf.Tensor): Set<tf.Tensor> {
  const seen = new Set<tf.Tensor>();
  const open = [x];
  for (let t = open.pop(); t; t = open.pop()) {
    if (seen.has(t)) continue;
    seen.add(t);
    open.push(...t.op.inputs);
  }
  return seen;
}

/** What TensorFlow refuses to differentiate, in the same words. */
const REFUSED = [
  /Second-order gradient for while loops not supported/,
  /No gradient defined for operation/,
  /Gradient explicitly disabled/,
  /Cannot update edge, incompatible shapes/,
  /structures don.t have the same nested structure/,
  /must be at least rank 1 but is rank 0 for '.*GatherNd_grad/,
];

function differentiate(b: Builder, y: Entry): Entry[] {
  const refused = b.dice.chance(0.05);
  const places = b.remembered(() => {
    const from = ancestors(y.tensor);
    // A second gradient through a TensorArray fails when it runs, and takes all that is fetched with it.
    if (!refused && [...from].some((t) => t.op.type === 'TensorArrayGradV3')) return [];
    return b.pool.flatMap((e, i) => (e !== y && isFloat(kindOf(e)) && from.has(e.tensor) ? [i] : []));
  });
  const found = places.map((i) => b.pool[i]!);
  if (found.length === 0) return [];
  const xs = b.dice.some(found, b.dice.int(1, 3));
  const way = b.dice.int(0, 5);
  const options = {
    ...(way === 0 ? { gradYs: [tf.onesLike(y.tensor)] } : {}),
    ...(way === 1 && found.length > 3 ? { stopGradients: [found[1]!.tensor] } : {}),
    ...(way === 2 ? { unconnectedGradients: 'zero' as const } : {}),
    ...(way === 3 ? { aggregationMethod: tf.AggregationMethod.EXPERIMENTAL_TREE } : {}),
    ...(way === 4 ? { name: 'gradients_of_mine' } : {}),
  };
  let out: ReturnType<typeof tf.gradients>;
  try {
    out = tf.gradients(
      [y.tensor],
      xs.map((e) => e.tensor),
      options,
    );
  } catch (e) {
    if (e instanceof tf.GraphError && REFUSED.some((words) => words.test(e.message))) return [];
    throw e;
  }
  const made: Entry[] = [];
  for (const [i, g] of out.entries()) {
    const dense = b.remembered(() => g instanceof tf.Tensor);
    if (!g) continue;
    if (g instanceof tf.IndexedSlices) b.sinks.push(g.values, g.indices);
    else b.sinks.push(g);
    if (!dense) continue;
    // A gradient can be large; what is computed from it should not be.
    const small = tf.tanh(tf.multiply(g as tf.Tensor, 0.1));
    const entry = b.add(small, { bound: 1 });
    if (entry && entry.shape.length === xs[i]!.shape.length) made.push(entry);
  }
  return made;
}

const slope: Family = (b) => {
  const y = b.float({ fits: (s) => sizeOf(s) > 0 });
  const first = differentiate(b, y);
  if (first.length > 0 && b.dice.chance(0.35)) differentiate(b, b.dice.pick(first));
};

export const SLOPES: readonly (readonly [number, Family])[] = [[9, slope]];
