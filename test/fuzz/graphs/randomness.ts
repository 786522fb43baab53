/** @file Random operations: with these seeds TensorFlow's numbers are ours. */
import * as tf from '../../../src';
import { type Family, FLOATS, INTS, kindOf, sizeOf } from '../builder';

const draws: Family = (b) => {
  const shape = b.shape({ rank: b.dice.int(0, 3) });
  const wanted = tf.constant(shape, b.dice.pick(['int32', 'int64'] as const), { shape: [shape.length] });
  const dtype = b.dice.pick(FLOATS) as 'float32';
  const seed = b.dice.chance(0.7) ? b.dice.int(1, 1000) : undefined;
  const way = b.dice.int(0, 7);
  if (way === 0) b.add(tf.randomUniform(wanted, { dtype, seed, minval: -1, maxval: 2 }), { bound: 2, exact: false });
  else if (way === 1) b.add(tf.randomNormal(wanted, { dtype, seed, stddev: 0.5 }), { bound: 3 });
  else if (way === 2) b.add(tf.truncatedNormal(wanted, { dtype, seed, mean: 1 }), { bound: 3 });
  else if (way === 3)
    b.add(tf.randomUniform(wanted, { dtype: b.dice.pick(INTS), seed, minval: -4, maxval: 9 }), { bound: 9 });
  else if (way === 4) {
    const e = b.take([...FLOATS, ...INTS], { fits: (s) => s.length > 0 });
    b.add(tf.randomShuffle(e.tensor, { seed }), { bound: e.bound, exact: e.exact });
  } else if (way === 5) {
    const e = b.tame(b.fresh('float32', [b.dice.int(1, 3), b.dice.int(2, 4)]));
    b.add(tf.multinomial(e.tensor, b.dice.int(0, 5), { seed }), { bound: 4 });
  } else if (way === 6) {
    const pair = b.value('int32', [2], { low: 0, high: 99 });
    const f = b.dice.pick([tf.statelessRandomUniform, tf.statelessRandomNormal, tf.statelessTruncatedNormal]);
    b.add(f(wanted, pair, { dtype }), { bound: 4 });
  } else {
    const e = b.tame(b.float({ fits: (s) => sizeOf(s) > 0 }));
    const rate = b.dice.pick([0.25, 0.5]);
    const kept = kindOf(e) === 'float32' ? tf.nn.dropout(b.settled(e), { rate, seed }) : e.tensor;
    b.add(kept, { bound: 2 * e.bound });
  }
};

export const RANDOMNESS: readonly (readonly [number, Family])[] = [[4, draws]];
