/** @file Variables of both kinds. Each one's reads and writes wait for each other, so no order is left to chance. */
import * as tf from '../../../src';
import { type Builder, type Chain, type Family, INTS, isFloat, type Kind } from '../builder';

const opOf = (x: unknown): tf.Operation => (x instanceof tf.Operation ? x : (x as { op: tf.Operation }).op);

export function newChain(
  b: Builder,
  kind: Kind = b.dice.pick(['float32', 'float32', 'float64', 'int32', 'int64']),
): Chain {
  const shape = b.shape({ rank: b.dice.int(0, 3), least: 1 }).map((d) => Math.max(1, d));
  const resource = b.dice.chance(0.5);
  const name = `v${b.round}`;
  const random = isFloat(kind) && b.dice.chance(0.4);
  const made = random
    ? tf.getVariable(`${name}_random`, {
        shape,
        dtype: kind as 'float32',
        trainable: false,
        useResource: resource,
        initializer: b.dice.pick([
          tf.randomUniformInitializer({ minval: -1, maxval: 1, seed: b.dice.int(1, 99) }),
          tf.truncatedNormalInitializer({ stddev: 0.5, seed: b.dice.int(1, 99) }),
          tf.randomNormalInitializer({ stddev: 0.5, seed: b.dice.int(1, 99) }),
          tf.glorotUniformInitializer({ seed: b.dice.int(1, 99) }),
        ]),
      })
    : new tf.Variable(b.value(kind, shape), { name, trainable: false, useResource: resource });
  const chain: Chain = { variable: made, shape, kind, resource, last: made.initializer };
  b.chains.push(chain);
  return chain;
}
/** The initializer runs in a step of its own: nothing waits for it. */
const before = (chain: Chain): tf.Operation[] => (chain.last === chain.variable.initializer ? [] : [chain.last]);

/** Reads by value: what comes out is a copy, which later writes don't reach. */
function copy(chain: Chain, after: readonly tf.Operation[]): tf.Tensor {
  const read = tf.controlDependencies(after, () => tf.add(chain.variable.readValue(), tf.zeros([], chain.kind)));
  chain.last = read.op;
  return read;
}

type Write = (b: Builder, chain: Chain) => tf.Operation;
const small = (b: Builder, chain: Chain, shape = chain.shape): tf.Tensor => {
  const e = b.take([chain.kind], { shape });
  return isFloat(chain.kind) ? b.settled(b.tame(e, 2)) : tf.floormod(b.settled(e), tf.constant(3, chain.kind));
};
const rows = (b: Builder, chain: Chain): [tf.Tensor, tf.Tensor] => {
  const n = b.dice.int(0, 3);
  const all = Array.from({ length: chain.shape[0]! }, (_, i) => i);
  const ids = b.dice.some(all, n);
  const indices = tf.constant(ids, b.dice.pick(INTS) as 'int32', { shape: [ids.length] });
  return [indices, small(b, chain, [ids.length, ...chain.shape.slice(1)])];
};
const whole =
  (f: typeof tf.assign | typeof tf.assignAdd): Write =>
  (b, chain) => {
    const value = small(b, chain);
    return tf.controlDependencies(before(chain), () => opOf(f(chain.variable, value)));
  };
const some =
  (f: typeof tf.scatterAdd): Write =>
  (b, chain) => {
    if (chain.shape.length === 0) return WRITES[0]!(b, chain);
    const [indices, values] = rows(b, chain);
    return tf.controlDependencies(before(chain), () => opOf(f(chain.variable, indices, values)));
  };
const nested =
  (f: typeof tf.scatterNdAdd): Write =>
  (b, chain) => {
    if (chain.shape.length === 0) return WRITES[1]!(b, chain);
    const [indices, values] = rows(b, chain);
    const tuples = tf.expandDims(indices, 1);
    return tf.controlDependencies(before(chain), () => opOf(f(chain.variable, tuples, values)));
  };
const WRITES: readonly Write[] = [
  whole(tf.assign),
  whole(tf.assignAdd),
  whole(tf.assignSub),
  some(tf.scatterAdd),
  some(tf.scatterSub),
  some(tf.scatterUpdate),
  some(tf.scatterMul),
  some(tf.scatterMax),
  some(tf.scatterMin),
  nested(tf.scatterNdAdd),
  nested(tf.scatterNdUpdate),
];
/** A write that waits for all that happened to the variable so far. */
export function write(b: Builder, chain: Chain): tf.Operation {
  const op = b.dice.pick(WRITES)(b, chain);
  chain.last = op;
  return op;
}
const pass: readonly ((x: tf.Tensor) => tf.Tensor)[] = [
  tf.identity,
  tf.stopGradient,
  (x) => tf.reshape(x, x.shape as number[]),
  (x) => tf.squeeze(tf.expandDims(x, 0), [0]),
];

const touch: Family = (b) => {
  const chain = b.chains.length > 0 && b.dice.chance(0.7) ? b.dice.pick(b.chains) : newChain(b);
  const way = b.dice.int(0, 3);
  if (way === 0) b.add(copy(chain, before(chain)), { bound: 60 });
  else if (way < 3) b.add(copy(chain, [write(b, chain)]), { bound: 60 });
  else {
    // Read, then write, then use what was read: an alias of a ref variable shows the write, a resource one's value does not.
    const read = tf.controlDependencies(before(chain), () => b.dice.pick(pass)(chain.variable.readValue()));
    chain.last = read.op;
    const op = write(b, chain);
    const used = tf.controlDependencies([op], () => tf.multiply(read, tf.ones([], chain.kind)));
    chain.last = used.op;
    b.add(used, { bound: 60 });
  }
};

/** A counter or sum that a branch or a loop moves. */
export function chainFor(b: Builder): Chain {
  const fit = b.chains.filter((c) => c.shape.length < 3);
  return fit.length > 0 && b.dice.chance(0.7) ? b.dice.pick(fit) : newChain(b);
}

export const STATE: readonly (readonly [number, Family])[] = [[10, touch]];
export { before };
