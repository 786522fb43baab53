/** @file Control dependencies: who gets which edges, and what they do in a run. */
import * as tf from '../../src';
import { whileContextOf } from '../../src/graph/context';
import { refIdentity } from '../../src/ops/identity';
import type { RefVariable } from '../../src/ops/variables';
import {
  bench,
  controls,
  expectRunError,
  floatOutput,
  inGraph,
  names,
  opNamed,
  opNames,
  opOf,
  sorted,
  testOps,
} from './harness';

const resource = (value: number, name?: string) => new tf.Variable(value, { useResource: true, name });
const refOf = (v: tf.Variable): tf.Tensor => (v as RefVariable).ref;
/** What a Python program sees of a node in the GraphDef. */
const nodeDef = (name: string) => {
  const { op, input, device } = tf.asGraphDef().node.find((n) => n.name === name)!;
  return device === '' ? { op, input } : { op, input, device };
};

test('control_deps-01: new ops get the edge; an op fed by one of the same block does not need it', () =>
  inGraph(() => {
    const [a, b] = [tf.constant(1, { name: 'a' }), tf.constant(1)];
    tf.controlDependencies([a], () => {
      const c = tf.constant(1);
      expect(controls(c)).toEqual(['a']);
      expect(controls(tf.identity(b))).toEqual(['a']);
      expect(controls(tf.identity(c))).toEqual([]);
    });
    expect.assertions(3);
  }));

test('control_deps-02: anything that stands for a graph element is accepted', () =>
  inGraph(() => {
    const a = floatOutput('a');
    const c = tf.controlDependencies([{ asGraphElement: () => a }], () => floatOutput());
    expect(controls(c)).toEqual(['a']);
  }));

test('control_deps-03: nested blocks add up to the same as one block with all', () =>
  inGraph(() => {
    const [a1, a2, a3, a4] = ['a1', 'a2', 'a3', 'a4'].map((n) => floatOutput(n));
    const b1 = tf.controlDependencies([a1, a2, a3, a4], () => floatOutput());
    const within = <R>(x: unknown, f: () => R): R => tf.controlDependencies([x], f);
    const b2 = within(a1, () => within(a2, () => within(a3, () => within(a4, () => floatOutput()))));
    expect(sorted(controls(b1))).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(sorted(controls(b2))).toEqual(['a1', 'a2', 'a3', 'a4']);
  }));

test('control_deps-06: two outputs of one op are one dependency', () =>
  inGraph(() => {
    const { a: a0, b: a1 } = testOps.TwoFloatOutputs({}, {}, 'a');
    tf.controlDependencies([a0], () => {
      expect(controls(floatOutput())).toEqual(['a']);
      expect(controls(tf.controlDependencies([a1], () => floatOutput()))).toEqual(['a']);
    });
    expect.assertions(2);
  }));

test('control_deps-07: a data input is not also a control input', () =>
  inGraph(() => {
    const a = floatOutput();
    expect(controls(tf.controlDependencies([a], () => tf.identity(a)))).toEqual([]);
  }));

test('control_deps-08: adding the same control input again does nothing', () =>
  inGraph(() => {
    const [x, y, z] = ['x', 'y', 'z'].map((name, i) => tf.constant(i + 1, { name }).op) as [
      tf.Operation,
      tf.Operation,
      tf.Operation,
    ];
    z.addControlInput(x);
    expect(controls(z)).toEqual(['x']);
    z.addControlInput(x);
    expect(controls(z)).toEqual(['x']);
    z.addControlInputs([x, y, y]);
    expect(controls(z)).toEqual(['x', 'y']);
    expect(names(x.controlOutputs)).toEqual(['z']);
  }));

test('control_deps-09: an op with inputs from outside gets all edges; without them its inputs stay', () =>
  inGraph(() => {
    const [a, c, d, e] = ['a', 'c', 'd', 'e'].map((name, i) => tf.constant(i, { name })) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const b = tf.controlDependencies([a], () => tf.constant(2));
    const f = tf.controlDependencies([a, c], () => d.add(e));
    expect([controls(b), controls(f)]).toEqual([['a'], ['a', 'c']]);
    f.op.removeControlInputs();
    expect(controls(f)).toEqual([]);
    expect(names(f.op.inputs)).toEqual(['d:0', 'e:0']);
  }));

test('control_deps-13: in a loop body, an op inside of the loop takes the place of a dependency outside', () =>
  inGraph(() => {
    const [c, x] = [tf.constant(1), tf.constant(2)];
    let made: tf.Operation | undefined;
    const body = (i: tf.Tensor) => {
      made = tf.controlDependencies([c], () => tf.identity(x, { name: 'myop' }).op);
      return i;
    };
    tf.whileLoop((i: tf.Tensor) => tf.less(i, 10), body, [tf.constant(0, tf.int32)], { name: 'myloop' });
    const [first] = made!.controlInputs;
    expect(first).toBeInstanceOf(tf.Operation);
    expect(first).not.toBe(c.op);
    expect(whileContextOf(first!)).not.toBeNull();
  }));

test('control_deps-16: a reference read after an assign shows the new value', async () => {
  const b = bench();
  const { v2, w2 } = b.build(() => {
    const r = refIdentity(refOf(new tf.Variable(7, { dtype: tf.int32 })));
    const op = tf.assign(r, 9) as tf.Tensor;
    const w = refOf(new tf.Variable(7, { dtype: tf.int32 }));
    return {
      v2: tf.controlDependencies([op], () => refIdentity(r)),
      w2: tf.withDependencies([tf.assign(w, 9)], w),
    };
  });
  await b.init();
  expect(await b.run(v2)).toBe(9);
  expect(await b.run(w2)).toBe(9);
});

test('control_deps-18: dependencies are followed through a chain of control edges', async () => {
  const b = bench();
  const { v, d2 } = b.build(() => {
    const v = new tf.Variable(0);
    const d1 = tf.withDependencies([v.initializer], tf.constant(10, tf.int32));
    return { v, d2: tf.withDependencies([d1], tf.constant(20, tf.int32)) };
  });
  await expectRunError('FailedPrecondition', 'Attempting to use uninitialized value', () => b.run(v));
  expect([await b.run(d2), await b.run(v)]).toEqual([20, 0]);
});

test('control_deps-19: a group of two initializers', async () => {
  const b = bench();
  const { v1, v2, init } = b.build(() => {
    const [v1, v2] = [new tf.Variable([0]), new tf.Variable([1])];
    return { v1, v2, init: tf.group(v1.initializer, v2.initializer) };
  });
  await expectRunError('FailedPrecondition', 'Attempting to use uninitialized value', () => b.run(v1));
  await b.run(init);
  expect(await b.run([v1, v2])).toEqual([[0], [1]]);
});

test('control_deps-21: a group is one NoOp with its inputs in order', () =>
  inGraph(() => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => tf.constant(0, { name }).op);
    tf.group(a, b, c, { name: 'root' });
    expect(nodeDef('root')).toEqual({ op: 'NoOp', input: ['^a', '^b', '^c'] });
  }));

test('control_deps-23: a group over several devices is one NoOp for each below the root', () =>
  inGraph(() => {
    const make = (name: string) => tf.constant(0, { name }).op;
    const [a, b] = tf.device('/task:0', () => [make('a'), make('b')]);
    const [c, d] = tf.device('/task:1', () => [make('c'), make('d')]);
    tf.device('/task:2', () => tf.group(a, b, c, d, { name: 'root' }));
    expect(nodeDef('root/NoOp')).toEqual({ op: 'NoOp', input: ['^a', '^b'], device: '/task:0' });
    expect(nodeDef('root/NoOp_1')).toEqual({ op: 'NoOp', input: ['^c', '^d'], device: '/task:1' });
    expect(nodeDef('root')).toEqual({ op: 'NoOp', input: ['^root/NoOp', '^root/NoOp_1'], device: '/task:2' });
  }));

test('control_deps-25: no result of a tuple is there before all are, and null stays null', async () => {
  const b = bench();
  const { v1, v2, t1, none } = b.build(() => {
    const v1 = new tf.Variable([1]);
    const add1 = tf.add(tf.withDependencies([v1.initializer], refOf(v1)), 2);
    const v2 = new tf.Variable([10]);
    const add2 = tf.add(tf.withDependencies([v2.initializer], refOf(v2)), 20);
    const [t1, none] = tf.tuple([add1, null, add2]);
    return { v1, v2, t1, none };
  });
  expect(none).toBeNull();
  await expectRunError('FailedPrecondition', 'Attempting to use uninitialized value', () => b.run(v1));
  expect([await b.run(t1), await b.run(v2)]).toEqual([[3], [10]]);
});

test('control_deps-27: an old tensor given back from the block waits for nothing, an identity made in it does', async () => {
  const bn = bench();
  const { v, inc, y, a, b } = bn.build(() => {
    const v = resource(0);
    const inc = v.assignAdd(1);
    const y = tf.constant(5);
    const [a, b] = tf.controlDependencies([inc], () => [y, tf.identity(y)] as const);
    return { v, inc, y, a, b };
  });
  expect(a).toBe(y);
  expect(opOf(b).controlInputs).toEqual([inc.op]);
  await bn.init();
  await bn.run(a);
  const r1 = await bn.run(v);
  await bn.run(b);
  expect([r1, await bn.run(v)]).toEqual([0, 1]);
});

test('control_deps-29: an op with only a control input from within the block still gets the edge', () =>
  inGraph(() => {
    const a = tf.constant(1, { name: 'a' });
    const p = tf.controlDependencies([a], () => {
      const n = tf.noOp({ name: 'n' });
      return tf.controlDependencies([n], () => tf.noOp({ name: 'p' }));
    });
    expect(sorted(controls(p))).toEqual(['a', 'n']);
  }));

test('control_deps-30: an indirect data input is repeated as a control edge', () =>
  inGraph(() => {
    const a = tf.constant(1, { name: 'a' });
    const b = tf.identity(a);
    expect(controls(tf.controlDependencies([a], () => tf.identity(b)))).toEqual(['a']);
  }));

test('control_deps-31: an empty list is no reset, and what is active outside is not added again', () =>
  inGraph(() => {
    const a = tf.constant(1, { name: 'a' });
    tf.controlDependencies([a], () => {
      expect(controls(tf.controlDependencies([], () => tf.constant(2)))).toEqual(['a']);
      expect(controls(tf.controlDependencies([a], () => tf.constant(3)))).toEqual(['a']);
    });
    expect.assertions(2);
  }));

test('control_deps-32: helpers that give their argument back make no op and so no dependency', () =>
  inGraph(() => {
    const [x, u] = [tf.constant(1), tf.constant(0, { name: 'u' })];
    tf.controlDependencies([u], () => {
      expect(tf.addN([x])).toBe(x);
      expect(tf.cast(x, tf.float32)).toBe(x);
      expect(tf.convertToTensor(x)).toBe(x);
      const d = tf.identity(x);
      expect(d).not.toBe(x);
      expect(controls(d)).toEqual(['u']);
    });
    expect.assertions(5);
  }));

test('control_deps-33: a variable made in a block has no control inputs on any of its ops', () =>
  inGraph(() => {
    const u = tf.constant(1);
    tf.controlDependencies([u], () => new tf.Variable(2, { name: 'v' }));
    const ops = ['v/initial_value', 'v', 'v/Assign', 'v/read'];
    expect(ops.map((name) => controls(opNamed(name)))).toEqual([[], [], [], []]);
  }));

test('control_deps-34: waiting for a resource variable is waiting for its handle, without a read', () =>
  inGraph((g) => {
    const v = resource(2, 'v');
    const before = g.getOperations().length;
    const c = tf.controlDependencies([v], () => tf.noOp({ name: 'c' }));
    expect(controls(c)).toEqual(['v']);
    expect(g.getOperations()).toHaveLength(before + 1);
  }));

test('control_deps-35: in a block a resource variable is read anew, a ref variable is its old snapshot', async () => {
  const bn = bench();
  const { inc, incw, a, b } = bn.build(() => {
    const r = resource(1, 'r');
    const w = new tf.Variable(1, { name: 'w' });
    const [inc, incw] = [r.assignAdd(1).op, w.assignAdd(1).op];
    const [a, b] = tf.controlDependencies([inc, incw], () => [tf.identity(r), tf.identity(w)] as const);
    return { inc, incw, a, b };
  });
  const read = a.op.inputs[0]!.op;
  expect(read.type).toBe('ReadVariableOp');
  expect(sorted(controls(read))).toEqual(sorted(names([inc, incw])));
  expect(controls(a)).toEqual([]);
  expect(b.op.inputs[0]!.op.name).toBe('w/read');
  expect(controls(b.op.inputs[0])).toEqual([]);
  expect(sorted(controls(b))).toEqual(sorted(names([inc, incw])));
  await bn.init();
  expect(await bn.run(a)).toBe(2);
});

test('control_deps-37: waiting for a loop output orders, and does not disturb gradients', async () => {
  const b = bench();
  const { d, g } = b.build(() => {
    const [i, x, y] = [tf.constant(0, tf.int32), tf.constant(1), tf.constant(1)];
    const [, xf, yf] = tf.whileLoop(
      (i: tf.Tensor) => tf.less(i, 1),
      (i: tf.Tensor, xi: tf.Tensor, yi: tf.Tensor) => [i.add(1), tf.identity(xi), xi.add(yi)],
      [i, x, y],
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const d = tf.controlDependencies([xf], () => tf.identity(yf));
    return { d, g: tf.gradients([d], [x])[0] };
  });
  expect(await b.run([d, g])).toEqual([2, 1]);
});

test('control_deps-38: a literal operand is a constant in the block, which carries the edge', () =>
  inGraph(() => {
    const [x, u] = [tf.constant(1), tf.constant(0, { name: 'u' })];
    const [y, z] = tf.controlDependencies([u], () => [x.add(1), x.add(x)]);
    expect(controls(opNamed('add/y'))).toEqual(['u']);
    expect(controls(y)).toEqual([]);
    expect(controls(z)).toEqual(['u']);
  }));

test('control_deps-39: an op outside, waited for inside a branch, runs whichever branch is taken', async () => {
  const b = bench();
  const { v, p, r } = b.build(() => {
    const v = resource(0);
    const inc = v.assignAdd(1);
    const p = tf.placeholder(tf.bool, { shape: [] });
    const x = tf.constant(3);
    const branch = () => tf.controlDependencies([inc.op], () => tf.identity(x));
    return { v, p, r: tf.cond(p, branch, () => x.mul(2)) };
  });
  await b.init();
  expect(await b.run(r, [[p, false]])).toBe(6);
  expect(await b.run(v)).toBe(1);
});

test('control_deps-40: an assign made outside of the branches always runs, one made inside only if taken', async () => {
  const b = bench();
  const { v, w, p, r, s } = b.build(() => {
    const [v, w] = [resource(0), resource(0)];
    const p = tf.placeholder(tf.bool, { shape: [] });
    const incremented = tf.convertToTensor(v.assignAdd(1));
    const no = () => tf.constant(-1);
    const r = tf.cond(p, () => tf.identity(incremented), no);
    return { v, w, p, r, s: tf.cond(p, () => tf.convertToTensor(w.assignAdd(1)), no) };
  });
  await b.init();
  expect(await b.run([r, s], [[p, false]])).toEqual([-1, -1]);
  expect(await b.run([v, w])).toEqual([1, 0]);
});

test('control_deps-42: minimize inside the block: the update runs with the train op', async () => {
  const b = bench();
  const { w, m, t } = b.build(() => {
    const [w, m] = [new tf.Variable(1, { name: 'w' }), new tf.Variable(0, { name: 'm' })];
    const update = m.assign(7);
    const loss = w.mul(w);
    const minimize = () => new tf.train.GradientDescentOptimizer(0.5).minimize(loss);
    return { w, m, t: tf.controlDependencies([update], minimize) };
  });
  expect(t.name).toBe('GradientDescent');
  expect(controls(t)).toContain('Assign');
  b.build(() => {
    expect(controls(opNamed('GradientDescent/update_w/ApplyGradientDescent'))).toEqual([]);
    expect(controls(opNamed('gradients/Shape'))).toEqual(['Assign']);
    expect(opNames()).toContain('Assign');
  });
  await b.init();
  await b.run(t);
  expect(await b.run([w, m])).toEqual([0, 7]);
});
