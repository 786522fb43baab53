/** @file What a run executes: ancestors of what is asked for, cut where something is fed. */
import * as tf from '../../src';
import { prune } from '../../src/session/order';
import { bench, inGraph, names, opNamed, sorted } from './harness';

const resource = (value: number) => new tf.Variable(value, { useResource: true });

/** The names of what is kept; feeds that one of these takes as input stand for their producers. */
function kept(fetches: readonly string[], targets: readonly string[], feeds: readonly string[] = []): string[] {
  const graph = tf.getDefaultGraph();
  const fed = new Set(feeds.map((name) => graph.getTensorByName(name)));
  const ops = prune(
    fetches.map((name) => graph.getTensorByName(name)),
    targets.map((name) => opNamed(name)),
    fed,
  );
  const used = new Set([...ops].flatMap((op) => op.inputs).filter((t) => fed.has(t)));
  return sorted([...names([...ops]), ...[...used].map((t) => `<feed of ${t.name}>`)]);
}

/** W1, W2 and input are sources, input with two outputs. */
function net(): void {
  const graph = tf.getDefaultGraph();
  const source = (name: string) => graph.createOp('FloatOutput', [], {}, { name }).outputs[0]!;
  const [w1, w2] = [source('W1'), source('W2')];
  const input = graph.createOp('TwoFloatOutputs', [], {}, { name: 'input' });
  const t1 = tf.multiply(w1, input.outputs[1]!, { name: 't1' });
  const t2 = tf.multiply(w2, t1, { name: 't2' });
  tf.nn.relu(t2, { name: 't3_a' });
  tf.nn.relu(t2, { name: 't3_b' });
}

test('pruning-01: only ancestors of the targets are kept', () =>
  inGraph(() => {
    net();
    expect(kept([], ['t1'])).toEqual(['W1', 'input', 't1']);
    expect(kept([], ['t2', 't3_a'])).toEqual(['W1', 'W2', 'input', 't1', 't2', 't3_a']);
  }));

test('pruning-02: a fed output cuts off its producer', () =>
  inGraph(() => {
    net();
    expect(kept([], ['t2'], ['input:1'])).toEqual(['<feed of input:1>', 'W1', 'W2', 't1', 't2']);
  }));

test('pruning-03: a feed that is not needed vanishes, feeds nearer to the target win', () =>
  inGraph(() => {
    net();
    expect(kept([], ['t2'], ['input:1', 't1:0', 'W2:0'])).toEqual(['<feed of W2:0>', '<feed of t1:0>', 't2']);
  }));

test('pruning-05: a fetch above a feed and one below it in one run', () =>
  inGraph(() => {
    let x = tf.getDefaultGraph().createOp('FloatOutput', [], {}, { name: 'a' }).outputs[0]!;
    for (const name of 'bcdef') x = tf.nn.relu(x, { name });
    expect(kept(['b:0', 'e:0'], [], ['c:0'])).toEqual(['<feed of c:0>', 'a', 'b', 'd', 'e']);
  }));

test('pruning-07: UPDATE_OPS do not run unless something asked for needs them', async () => {
  const b = bench();
  const { v, y } = b.build(() => {
    const v = new tf.Variable(0);
    tf.addToCollection('update_ops', v.assignAdd(1).op);
    return { v, y: tf.constant(1).mul(2) };
  });
  await b.init();
  expect([await b.run(y), await b.run(v)]).toEqual([2, 0]);
});

test('pruning-08: a fed op still runs behind a control edge, unless it is a Placeholder', async () => {
  const b = bench();
  const { v, k, n, p, m } = b.build(() => {
    const v = resource(0);
    const k = tf.controlDependencies([v.assignAdd(1).op], () => tf.identity(tf.constant(5), { name: 'k' }));
    const n = tf.controlDependencies([k], () => tf.noOp());
    const p = tf.placeholder(tf.float32, { shape: [], name: 'p' });
    return { v, k, n, p, m: tf.controlDependencies([p], () => tf.identity(tf.constant(3))) };
  });
  await b.init();
  await b.run(n, [[k, 9]]);
  expect(await b.run(v)).toBe(1);
  expect(await b.run(m, [[p, 1]])).toBe(3);
});

test('pruning-09: with only data edges the fed op and what it waits for are not run', async () => {
  const b = bench();
  const { v, k, y } = b.build(() => {
    const v = resource(0);
    const k = tf.controlDependencies([v.assignAdd(1).op], () => tf.identity(tf.constant(5), { name: 'k' }));
    return { v, k, y: k.mul(2) };
  });
  await b.init();
  const first = [await b.run(y, [[k, 9]]), await b.run(v)];
  expect([...first, await b.run(y), await b.run(v)]).toEqual([18, 0, 10, 1]);
});

test('pruning-10: fetching a fed tensor runs nothing for it', async () => {
  const b = bench();
  const { v, k } = b.build(() => {
    const v = resource(0);
    const k = tf.controlDependencies([v.assignAdd(1).op], () => tf.identity(tf.constant(5), { name: 'k' }));
    return { v, k };
  });
  await b.init();
  expect([await b.run(k, [[k, 9]]), await b.run(v)]).toEqual([9, 0]);
});

test('pruning-11: each op runs once per run, however often it is fetched or used', async () => {
  const b = bench();
  const { v, inc, y, z } = b.build(() => {
    const v = resource(0);
    const inc = v.assignAdd(1).op;
    const y = tf.controlDependencies([inc], () => tf.identity(tf.constant(1)));
    return { v, inc, y, z: y.add(y) };
  });
  await b.init();
  expect(await b.run([y, z, y, inc, inc])).toEqual([1, 2, 1, null, null]);
  expect(await b.run(v)).toBe(1);
});
