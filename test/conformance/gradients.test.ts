/** @file tf.gradients: sums, partial derivatives, unconnected parts, conds and loops, and what is refused. */
import * as tf from '../../src';
import { switchOn } from '../../src/ops/flow';
import { scan } from '../../src/ops/functional';
import { bench, controls, expectError, inGraph, opNames } from './harness';

type Build = () => unknown;
/** Builds in a fresh graph and runs what it answers, once for each feed. */
async function value(build: Build): Promise<unknown> {
  const b = bench();
  return b.run(b.build(build));
}
const first = (...args: Parameters<typeof tf.gradients>): tf.Tensor => tf.gradients(...args)[0] as tf.Tensor;

test.each(Object.keys(tf.AggregationMethod) as (keyof typeof tf.AggregationMethod)[])(
  'gradients-02: ten uses, summed by %s',
  async (key) => {
    const found = value(() => {
      const x = tf.constant(1);
      const y = tf.multiply(x, 2);
      let z = tf.add(y, y);
      for (let i = 2; i < 10; i++) z = tf.add(z, y);
      return tf.gradients(z, [x, y], { aggregationMethod: tf.AggregationMethod[key] });
    });
    expect(await found).toEqual([20, 10]);
  },
);

test.each([true, false])('gradients-03: one y lies on the way from x to another y (two ys: %p)', async (two) => {
  const found = value(() => {
    const x = tf.constant(3);
    const y = tf.square(x);
    const y2 = tf.square(tf.square(y));
    return tf.gradients(two ? [y, y2] : tf.add(y, y2), x);
  });
  expect(await found).toEqual([17502]);
});

test.each([
  [false, [3, 1]],
  [true, [1, 1]],
])('gradients-04: partial derivatives (stopGradients: %p)', async (stop, expected) => {
  const found = value(() => {
    const x = tf.constant(1);
    const y = tf.multiply(2, x);
    return tf.gradients(tf.add(x, y), [x, y], stop ? { stopGradients: [x, y] } : {});
  });
  expect(await found).toEqual(expected);
});

test('gradients-05: null or zeros where x and y are not connected', async () => {
  const b = bench();
  const zeros = b.build(() => {
    const [x, y] = [tf.constant(1, { shape: [2, 2] }), tf.constant(3, { shape: [3, 1] })];
    expect(tf.gradients([y], [x], { unconnectedGradients: 'none' })).toEqual([null]);
    expectError('Value', "Unknown value for unconnected_gradients: 'nonsense'", () =>
      tf.gradients([y], [x], { unconnectedGradients: 'nonsense' as 'none' }),
    );
    return tf.gradients([y], [x], { unconnectedGradients: 'zero' });
  });
  expect(await b.run(zeros)).toEqual([
    [
      [0, 0],
      [0, 0],
    ],
  ]);
});

test('gradients-06: stopGradient cuts, preventGradient raises', () =>
  inGraph(() => {
    const i = tf.constant(1, { shape: [100, 32] });
    expect(tf.gradients(tf.stopGradient(i), i)).toEqual([null]);
    const b = tf.preventGradient(i);
    expectError('Lookup', 'explicitly disabled', () => tf.gradients(b, i));
  }));

test('gradients-07: a complex y needs gradYs', () =>
  inGraph(() => {
    const x = tf.placeholder('complex64', { shape: [] });
    expectError('Type', 'Gradients of complex tensors must set grad_ys (y.dtype = tf.complex64)', () =>
      tf.gradients(tf.square(x), x),
    );
  }));

test('gradients-09: an assignment has no gradient', () =>
  inGraph(() => {
    const variable = (name: string, initializer: number) =>
      tf.getVariable(name, { initializer: tf.constant(initializer), useResource: true });
    const [x, z] = [variable('x', 1), variable('z', 3)];
    expect(tf.gradients(tf.assign(x, tf.pow(z, 2)) as never, z)).toEqual([null]);
  }));

test.each([
  ['live', 1],
  ['dead', 0],
] as const)('gradients-10: the gradient through the %s side of a Switch is %p', async (side, expected) => {
  const found = value(() => {
    const x = tf.constant(2);
    const [xf, xt] = switchOn(x, tf.constant(true)) as unknown as readonly [tf.Tensor, tf.Tensor];
    return first(side === 'live' ? xt : xf, x);
  });
  expect(await found).toBe(expected);
});

test('gradients-11: the gradient of a cond follows the branch', async () => {
  const b = bench();
  const { c, g } = b.build(() => {
    const [c, x] = [tf.placeholder('int32', { shape: [] }), tf.constant(10)];
    const r = tf.cond(
      tf.less(c, 2),
      () => tf.multiply(x, 42),
      () => tf.multiply(x, 3),
    ) as tf.Tensor;
    return { c, g: first(r, [x]) };
  });
  expect([await b.run(g, [[c, 1]]), await b.run(g, [[c, 3]])]).toEqual([42, 3]);
});

test('gradients-12: gradients inside a branch, of a tensor outside', async () => {
  const b = bench();
  const { c, r } = b.build(() => {
    const [c, ox] = [tf.placeholder('int32', { shape: [] }), tf.constant(10)];
    const y = tf.multiply(7, ox);
    const r = tf.cond(
      tf.less(c, 2),
      () => first(tf.multiply(y, y), [ox]),
      () => tf.multiply(ox, 3),
    );
    return { c, r };
  });
  expect([await b.run(r, [[c, 1]]), await b.run(r, [[c, 3]])]).toEqual([980, 30]);
});

test('gradients-14: nested conds that answer a captured tensor', async () => {
  const found = value(() => {
    const x = tf.constant(0);
    const inner = () =>
      tf.cond(
        tf.less(x, 1),
        () => x,
        () => x,
      );
    return first(tf.cond(tf.constant(true), () => x, inner) as tf.Tensor, x);
  });
  expect(await found).toBe(1);
});

const below100 = (v: tf.Tensor): tf.Tensor => tf.less(v, 100);
describe('gradients-15: gradients of loops', () => {
  const sq = (v: tf.Tensor): tf.Tensor => tf.whileLoop(below100 as never, tf.square as never, [v]) as tf.Tensor;
  test.each([
    ['the loop', (r: tf.Tensor) => r, 1024],
    ['its square', (r: tf.Tensor) => tf.multiply(r, r), 524288],
    ['its double', (r: tf.Tensor) => tf.add(r, r), 2048],
  ])('%s', async (_, of, expected) => {
    const found = value(() => {
      const v = tf.constant(2);
      return tf.gradients(of(sq(v)), v);
    });
    expect(await found).toEqual([expected]);
  });
  test('with a captured tensor', async () => {
    const found = value(() => {
      const [v, a] = [tf.constant(2), tf.constant(3)];
      const m = tf.whileLoop(below100 as never, ((x: tf.Tensor) => tf.multiply(x, a)) as never, [v]) as tf.Tensor;
      return tf.gradients(m, [a, v]);
    });
    expect(await found).toEqual([216, 81]);
  });
});

test('gradients-16: backProp false cuts the loop', async () => {
  const found = value(() => {
    const v = tf.constant(2);
    const r = tf.whileLoop(below100 as never, tf.square as never, [v], { backProp: false }) as tf.Tensor;
    return tf.gradients(tf.add(r, v), v);
  });
  expect(await found).toEqual([1]);
});

type Pair = readonly [x: tf.Tensor, y: tf.Tensor];
/** x = 3 and y = 2 go round while x < 100. */
function pairLoop(body: (x: tf.Tensor, y: tf.Tensor) => Pair): { start: Pair; end: Pair } {
  const start: Pair = [tf.constant(3, { name: 'x' }), tf.constant(2, { name: 'y' })];
  return { start, end: tf.whileLoop(below100 as never, body as never, [...start]) as unknown as Pair };
}
const squares = (x: tf.Tensor, y: tf.Tensor): Pair => {
  const y1 = tf.square(y);
  return [tf.add(tf.square(x), y1), y1];
};

describe('gradients-17: stopGradient on the results of a loop', () => {
  test.each([
    ['rx', (rx: tf.Tensor) => rx, 136],
    ['ry', (_: tf.Tensor, ry: tf.Tensor) => ry, 32],
    ['rx + ry', (rx: tf.Tensor, ry: tf.Tensor) => tf.add(rx, ry), 168],
    ['rx + stopped ry', (rx: tf.Tensor, ry: tf.Tensor) => tf.add(rx, tf.stopGradient(ry)), 136],
  ])('%s', async (_, of, expected) => {
    const found = value(() => {
      const { start, end } = pairLoop(squares);
      return first(of(...end), start[1]);
    });
    expect(await found).toBe(expected);
  });
  test('stopped rx', () =>
    inGraph(() => {
      const { start, end } = pairLoop(squares);
      expect(tf.gradients(tf.stopGradient(end[0]), start[1])).toEqual([null]);
    }));
});

test('gradients-18: stopGradient in the body', async () => {
  const found = value(() => {
    const { start, end } = pairLoop((x, y) => {
      const y1 = tf.stopGradient(tf.square(y));
      return [tf.add(tf.square(x), y1), y1];
    });
    return [first(end[0], start[1]), first(end[0], start[0])];
  });
  expect(await found).toEqual([0, 156]);
});

test('gradients-19: several ys of one loop', async () => {
  const found = value(() => {
    const { start, end } = pairLoop((x, y) => {
      const y1 = tf.add(x, y);
      return [tf.multiply(x, y1), y1];
    });
    const [[x, y], [rx]] = [start, end];
    return [first([...end], x), first([...end], y), first([rx], x), first([rx], y)];
  });
  expect(await found).toEqual([304, 124, 295, 120]);
});

test('gradients-20: a gradient inside a loop by what a loop variable starts from is refused', () =>
  inGraph(() => {
    const x = tf.placeholder('float32', { shape: [], name: 'x' });
    const start = [tf.constant(0, { dtype: 'int32' }), tf.add(x, 1)];
    const body = (i: tf.Tensor, v: tf.Tensor) => [tf.add(i, 1), first(tf.multiply(v, 2), x)];
    expectError('Value', "Cannot compute gradient inside while loop with respect to op 'x'.", () =>
      tf.whileLoop(((i: tf.Tensor) => tf.less(i, 3)) as never, body as never, start),
    );
  }));

test('gradients-21: a loop has no second derivative', () =>
  inGraph(() => {
    const theta = new tf.Variable(1);
    const r = scan(
      ((p: tf.Tensor, x: tf.Tensor) => tf.add(p, tf.multiply(x, theta))) as never,
      tf.constant([1, 2, 3]),
    ) as tf.Tensor;
    const g = first(r, theta);
    expectError('Type', 'Second-order gradient', () => tf.gradients(g, theta));
    expect(() => tf.gradients(tf.stopGradient(g), theta)).not.toThrow();
  }));

test('gradients-22: the names that gradients() makes', () =>
  inGraph(() => {
    const x = tf.constant(1, { name: 'x' });
    const y = tf.square(x, { name: 'y' });
    const found = [first(y, [x]), first(y, [x])].map((g) => g.op.name);
    expect(found).toEqual([
      expect.stringMatching(/^gradients\/y_grad\//),
      expect.stringMatching(/^gradients_1\/y_grad\//),
    ]);
    expect(opNames()).toEqual(expect.arrayContaining(['gradients/Shape', 'gradients/grad_ys_0', 'gradients/Fill']));
  }));

test('gradients-23: gated gradients of one op wait for each other', async () => {
  const b = bench();
  const [ga, gb] = b.build(() => {
    const [a, x] = [tf.constant(2, { name: 'a' }), tf.constant(3, { name: 'b' })];
    return tf.gradients(tf.multiply(a, x, { name: 'c' }), [a, x], { gateGradients: true });
  }) as [tf.Tensor, tf.Tensor];
  const scope = 'gradients/c_grad/tuple';
  expect([ga.op.name, gb.op.name]).toEqual([`${scope}/control_dependency`, `${scope}/control_dependency_1`]);
  expect(controls(ga)).toEqual([`${scope}/group_deps`]);
  expect(await b.run([ga, gb])).toEqual([3, 2]);
});

test('gradients-24: the seed is ones of y, or what is given', async () => {
  const found = value(() => {
    const x = tf.constant([1, 2, 3]);
    const y = tf.multiply(x, x);
    return [first(y, x), first(y, x, { gradYs: [tf.constant([1, 0, 10])] })];
  });
  expect(await found).toEqual([
    [2, 4, 6],
    [2, 0, 60],
  ]);
});

test('gradients-08: a function with a gradient of its own', async () => {
  const graph = new tf.Graph();
  const [twice, product] = tf.withGraph(graph, () => {
    const own = tf.customGradient((x) => [x!, (dy) => dy!.mul(3)]);
    const x = tf.constant(3);
    const multiply = tf.customGradient((a, b) => [a!.mul(b!), (dy) => [dy!.mul(a!), dy!.mul(b!)]]);
    const [p, q] = [tf.constant(3), tf.constant(5)];
    return [tf.gradients(own(own(x)), [x]), tf.gradients(multiply(p, q), [p, q])];
  });
  const session = new tf.Session({ graph });
  expect((await session.run(twice as tf.Tensor[])).map(Number)).toEqual([9]);
  expect((await session.run(product as tf.Tensor[])).map(Number)).toEqual([3, 5]);
});
