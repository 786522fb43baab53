/** @file Switch, Merge, frames, cond, case and loops: what they answer, run, name and refuse. */
import * as tf from '../../src';
import type { Branch } from '../../src/ops/cond';
import { enter, merge, switchOn } from '../../src/ops/flow';
import { bench, expectError, expectRunError, inGraph, names, opNames } from './harness';

const int = (x: number | number[], name?: string) => tf.constant(x, { dtype: tf.int32, name });
/** A variable of integers: as Python makes of an integer. */
const counter = (x: number, name?: string) => new tf.Variable(x, { dtype: tf.int32, name });
const resource = (x: number) => new tf.Variable(x, { useResource: true });
const choose = (pred: tf.TensorLike, whenTrue: Branch, whenFalse: Branch): tf.Tensor =>
  tf.cond(pred, whenTrue, whenFalse) as tf.Tensor;
/** A loop with one variable. */
const loop = (...args: Parameters<typeof tf.whileLoop>): tf.Tensor => tf.whileLoop(...args) as tf.Tensor;
const below = (n: number) => (i: tf.Tensor) => i.less(n);
const after = (op: unknown, make: () => tf.Tensor): tf.Tensor => tf.controlDependencies([op as tf.Tensor], make);

test('control_flow-01: the side of a Switch that is not taken cannot be fetched', async () => {
  const b = bench();
  const d = b.build(() => tf.identity(switchOn(int([1, 2, 3, 4, 5, 6]), tf.constant(true))[0]));
  await expectRunError('InvalidArgument', 'Retval[0] does not have value', () => b.run(d));
});

test('control_flow-02: Merge passes on the live side', async () => {
  const b = bench();
  const list = b.build(() => {
    const data = int([1, 2, 3, 4, 5, 6]);
    const [f1, t1] = switchOn(data, tf.constant(false));
    const [f2, t2] = switchOn(data, tf.constant(true));
    return [merge([f1.add(1), tf.identity(t1)])[0], merge([f2.add(1), t2.mul(5)])[0]];
  });
  expect(await b.run(list[0])).toEqual([2, 3, 4, 5, 6, 7]);
  expect(await b.run(list[1])).toEqual([5, 10, 15, 20, 25, 30]);
});

test('control_flow-04: two frames do not mix', async () => {
  const b = bench();
  const { d, r } = b.build(() => {
    const d = tf.placeholder(tf.float32, { shape: [] });
    return { d, r: enter(d, 'foo_1').add(enter(d, 'foo_2')) };
  });
  await expectRunError('InvalidArgument', 'has inputs from different frames', () => b.run(r, [[d, 1]]));
});

test('control_flow-05: the predicate of cond is no boolean of the host language', () =>
  inGraph(() => {
    const v = int(10);
    expectError('Type', 'pred must not be a Python bool', () =>
      tf.cond(
        false,
        () => v.add(1),
        () => v.sub(1),
      ),
    );
  }));

test.each([
  [2, 5, 34],
  [2, 1, 24],
])('control_flow-06: cond of %p < %p gives %p', async (x, y, expected) => {
  const b = bench();
  const r = b.build(() => {
    const [tx, ty] = [int(x), int(y)];
    return choose(
      tx.less(ty),
      () => tx.mul(17),
      () => ty.add(23),
    );
  });
  expect(await b.run(r)).toBe(expected);
});

test('control_flow-07: a branch may assign the variable of the predicate', async () => {
  const b = bench();
  const { v, r } = b.build(() => {
    const v = tf.getVariable('bool_var', { dtype: tf.bool, initializer: tf.constant(true) });
    const r = choose(
      v,
      () => tf.assign(v, false),
      () => true,
    );
    return { v, r };
  });
  await b.run(v.initializer);
  expect([await b.run(r), await b.run(r)]).toEqual([false, true]);
});

// JavaScript has no keyword arguments: no branch can be given twice.
test('control_flow-08: both branches of cond are needed', () =>
  inGraph(() => {
    const [p, f] = [tf.constant(true), () => int(1)];
    expectError('Type', 'true_fn argument required', () => tf.cond(p, undefined as never, f));
    expectError('Type', 'false_fn argument required', () => tf.cond(p, f, undefined as never));
  }));

test('control_flow-09: a cond of integers has no gradient', () =>
  inGraph(() => {
    const [p, v] = [tf.placeholder(tf.bool, { shape: [] }), int(10)];
    const y = choose(
      p,
      () => v.add(1),
      () => v.sub(1),
    );
    expect(tf.gradients(y, [v])).toEqual([null]);
  }));

test('control_flow-13: in the branch that is taken, too, only what is asked for runs', async () => {
  const b = bench();
  const { vs, r } = b.build(() => {
    const vs = [counter(7), counter(7), counter(7)] as const;
    const set = (i: 0 | 1 | 2, x: number) => (tf.assign(vs[i], x) as tf.Tensor).op;
    const r = tf.cond(
      int(3).greater(int(2)),
      () => [set(0, 1), set(1, 2)],
      () => [set(2, 3), int(10).op],
    ) as tf.Tensor[];
    return { vs, r };
  });
  await b.init();
  expect(await b.run(r[1])).toBe(true);
  expect(await b.run(vs)).toEqual([7, 2, 7]);
});

test('control_flow-16: lists and objects keep their form', async () => {
  const bn = bench();
  const [list, dict] = bn.build(() => {
    const [x, y, p] = [int(10), int(200), int(1).less(2)];
    const list = tf.cond(
      p,
      () => [x.add(y), x.add(y)],
      () => [y, y],
    );
    const dict = tf.cond(
      p,
      () => ({ a: x.add(y), b: x.add(y) }),
      () => ({ a: y, b: y }),
    );
    return [list, dict];
  });
  expect(await bn.run(list)).toEqual([210, 210]);
  expect(await bn.run(dict)).toEqual({ a: 210, b: 210 });
});

test('control_flow-18: an operation stands for the bool of its branch', async () => {
  const b = bench();
  const { p, r } = b.build(() => {
    const p = tf.placeholder(tf.bool);
    return { p, r: tf.cond(p, tf.noOp, tf.noOp) };
  });
  expect([await b.run(r, [[p, true]]), await b.run(r, [[p, false]])]).toEqual([true, false]);
});

test('control_flow-19: a branch must answer something', () =>
  inGraph(() => {
    const nothing = () => null;
    expectError('Value', 'true_fn must have a return value.', () => tf.cond(tf.constant(true), nothing, () => int(1)));
    expectError('Value', 'false_fn must have a return value.', () => tf.cond(tf.constant(true), () => int(1), nothing));
  }));

test('control_flow-20: what the answer of a branch does not need does not run', async () => {
  const b = bench();
  const { vs, r } = b.build(() => {
    const vs = [counter(0), counter(0), counter(0)];
    const branch = () => {
      const writes = vs.map((v) => tf.assignAdd(v, 1));
      return after(writes[2], () => int(10));
    };
    return { vs, r: choose(tf.constant(true), branch, () => int(0)) };
  });
  await b.init();
  expect(await b.run(r)).toBe(10);
  expect(await b.run(vs)).toEqual([0, 0, 1]);
});

test('control_flow-23: of an assignment in each branch one is done in a run', async () => {
  const b = bench();
  const { v, c, r } = b.build(() => {
    const [v, c] = [counter(0), int(0)];
    const r = choose(
      c.greaterEqual(1),
      () => tf.assign(v, 1),
      () => tf.assign(v, 2),
    );
    return { v, c, r };
  });
  await b.init();
  const found = [await b.run(v), await b.run(r, [[c, 2]]), await b.run(v), await b.run(r, [[c, 0]]), await b.run(v)];
  expect(found).toEqual([0, 1, 1, 2, 2]);
});

test('control_flow-24: variables made in branches can be initialized and read alone', async () => {
  const b = bench();
  const inner: tf.Variable[] = [];
  const { v0, add } = b.build(() => {
    const v0 = counter(0, 'v0');
    const branch = (x: number, name: string) => () => {
      const v = counter(x, name);
      inner.push(v);
      return tf.add(v, v0);
    };
    return { v0, add: choose(tf.less(v0, 10), branch(1, 'v1'), branch(2, 'v2')) };
  });
  for (const v of inner) await b.run(v.initializer);
  expect(await b.run(inner)).toEqual([1, 2]);
  await expectRunError('FailedPrecondition', 'uninitialized', () => b.run(v0));
  await expectRunError('FailedPrecondition', 'uninitialized', () => b.run(add));
  await b.run(v0.initializer);
  expect(await b.run(add)).toBe(1);
});

test('control_flow-26: case does what the chosen function does, and no more', async () => {
  const bn = bench();
  const { vs, r1, r2 } = bn.build(() => {
    const vs = [counter(-1), counter(-1), counter(-1)] as const;
    const set = (i: 0 | 1 | 2) => () => tf.withDependencies([tf.assign(vs[i], i)], int(i));
    const [x, y] = [int(1), int(2)];
    const pick = (first: tf.Tensor, second: tf.Tensor) => {
      const pairs = [
        [first, set(0)],
        [second, set(1)],
      ] as const;
      return tf.case(pairs, { default: set(2), exclusive: true });
    };
    const r2 = pick(x.greater(y), x.greater(y));
    const r1 = pick(x.greater(y), x.less(y));
    return { vs, r1, r2 };
  });
  await bn.init();
  expect([await bn.run(r2), await bn.run(vs)]).toEqual([2, [-1, -1, 2]]);
  await bn.init();
  expect([await bn.run(r1), await bn.run(vs)]).toEqual([1, [-1, 1, -1]]);
});

test('control_flow-27: loops, and a maximum of rounds', async () => {
  const bn = bench();
  const list = bn.build(() => {
    const grow = (i: tf.Tensor) => i.add(1);
    const isum = (s: tf.Tensor, maximumIterations?: number) => {
      const body = (i: tf.Tensor, s: tf.Tensor) => [i.add(1), i.add(s)];
      return (tf.whileLoop(below(10), body, [int(0), s], { maximumIterations }) as tf.Tensor[])[1];
    };
    return [
      loop(below(10000), grow, [int(0)]),
      isum(int(0)),
      isum(int([1, 2, 3, 4, 5]), 3),
      loop(below(3), grow, [int(0)], { maximumIterations: 1 }),
    ];
  });
  expect(await bn.run(list)).toEqual([10000, 45, [4, 5, 6, 7, 8], 1]);
});

test('control_flow-28: nested loop variables keep their form', async () => {
  const bn = bench();
  type P = { readonly a: tf.Tensor; readonly b: tf.Tensor };
  type Q = readonly [tf.Tensor, tf.Tensor];
  const r = bn.build(() => {
    const [a, b, q0, q1, s] = [0, 1, 2, 3, 4].map((x) => tf.constant(x));
    const body = (p: P, q: Q, s: tf.Tensor) => [{ a: p.a.add(1), b: p.b }, [q[0].add(1), q[1]], s.add(2)];
    return tf.whileLoop((p: P) => p.a.less(100), body, [{ a, b }, [q0, q1], s]);
  });
  expect(await bn.run(r)).toEqual([{ a: 100, b: 1 }, [102, 3], 204]);
});

test('control_flow-30: what the body waits for outside runs once', async () => {
  const b = bench();
  const v = b.build(() => resource(0));
  await b.run(v.initializer);
  const r = b.build(() => {
    const inc = (v.assignAdd(1) as tf.Variable).readValue();
    return loop(below(2), (i: tf.Tensor) => after(inc, () => i.add(1)), [int(1)]);
  });
  expect(await b.run(r)).toBe(2);
  expect(await b.run(v)).toBe(1);
});

test('control_flow-31: also where what waits in the body has no input', async () => {
  const b = bench();
  const v = b.build(() => resource(0));
  await b.run(v.initializer);
  const r = b.build(() => {
    const inc = (v.assignAdd(1) as tf.Variable).readValue();
    return loop(below(5), () => after(inc, () => int(5)), [int(0)]);
  });
  await b.run(r);
  expect(await b.run(v)).toBe(1);
});

test('control_flow-32: an assignment outside runs once, one inside in each round', async () => {
  const bn = bench();
  const { a, b } = bn.build(() => ({ a: counter(0, 'a'), b: counter(0, 'b') }));
  await bn.init();
  const r = bn.build(() => {
    const outside = tf.assignAdd(a, 1);
    const body = (i: tf.Tensor) => after(tf.assignAdd(b, outside), () => i.add(1));
    return loop(below(10), body, [int(0)], { parallelIterations: 1 });
  });
  await bn.run(r);
  expect(await bn.run(b)).toBe(10);
  expect(await bn.run(a)).toBe(1);
});

test('control_flow-34: a constant that waits for a loop variable', async () => {
  const b = bench();
  const last = b.build(() => {
    const body = (n: tf.Tensor, r: tf.Tensor) => {
      const k = after(r, () => int(12));
      return [n.add(1), k];
    };
    return (tf.whileLoop(below(10), body, [int(0), int(0)], { parallelIterations: 1 }) as tf.Tensor[])[1];
  });
  expect(await b.run(last)).toBe(12);
});

test('control_flow-35: a loop, or its body, waits for something outside', async () => {
  const bn = bench();
  const { b, r, s } = bn.build(() => {
    const [b, c] = [tf.placeholder(tf.bool), int(1)];
    const r = after(b, () => loop(below(10), (x: tf.Tensor) => x.add(c), [int(0)]));
    const s = loop(below(10), (x: tf.Tensor) => after(b, () => x.add(c)), [int(0)]);
    return { b, r, s };
  });
  expect([await bn.run(r, [[b, true]]), await bn.run(s, [[b, true]])]).toEqual([10, 10]);
});

test('control_flow-36: a cond with an assignment in each round', async () => {
  const b = bench();
  const { v, r } = b.build(() => {
    const v = tf.getVariable('v', { shape: [], initializer: tf.constantInitializer(2) });
    const body = (i: tf.Tensor) => {
      const s = choose(
        tf.constant(true),
        () => tf.assign(v, tf.multiply(v, v)),
        () => v,
      );
      return after(s, () => i.add(1));
    };
    return { v, r: loop(below(4), body, [int(0)]) };
  });
  await b.init();
  expect(await b.run(r)).toBe(4);
  expect(await b.run(v)).toBe(65536);
});

test('control_flow-37: in a branch, something waits for the end of a loop', async () => {
  const b = bench();
  const { v, r } = b.build(() => {
    const v = counter(1);
    const whenFalse = () => {
      const end = loop(below(100), (i: tf.Tensor) => tf.assign(v, i).add(1), [int(0)]);
      return after(end, () => tf.constant(6));
    };
    return { v, r: choose(tf.constant(false), () => tf.constant(1), whenFalse) };
  });
  await b.init();
  expect(await b.run(r)).toBe(6);
  expect(await b.run(v)).toBe(99);
});

test('control_flow-39: a tensor of a branch may be used outside', () =>
  inGraph(() => {
    let inner: tf.Tensor | undefined;
    tf.cond(
      tf.constant(true),
      () => {
        inner = int(1);
        return inner;
      },
      () => int(2),
    );
    expect(() => tf.add(1, inner!)).not.toThrow();
  }));

test('control_flow-41: the names of what cond makes', () =>
  inGraph(() => {
    const [p, x] = [tf.placeholder(tf.bool, { shape: [], name: 'p' }), tf.constant(1, { name: 'x' })];
    const r = choose(
      p,
      () => tf.add(x, 1),
      () => tf.multiply(x, 2),
    );
    expect(r.op.name).toBe('cond/Merge');
    expect(names(r.op.inputs)).toEqual(['cond/Mul:0', 'cond/Add:0']);
    const made = ['Switch', 'switch_t', 'switch_f', 'pred_id', 'Add/Switch', 'Mul/Switch'];
    expect(opNames()).toEqual(expect.arrayContaining(made.map((n) => `cond/${n}`)));
  }));

test('control_flow-42: smartCond makes a cond only where the predicate is not known', async () => {
  const bn = bench();
  const known = bn.build(() => {
    const [f, h] = [() => int(1), () => int(2)];
    const smart = (pred: tf.TensorLike) => tf.smartCond(pred, f, h) as tf.Tensor;
    expect(smart(tf.placeholder(tf.bool)).op.type).toBe('Merge');
    expectError('Type', '`pred` must be a Tensor, or a Python bool, or 1 or 0.', () => smart(2));
    return [smart(true), smart(0), smart(tf.constant(true))];
  });
  expect(known.map((t) => t.op.type)).toEqual(['Const', 'Const', 'Const']);
  expect(await bn.run(known)).toEqual([1, 2, 1]);
});
