/** @file Every gradient of the registry against finite differences; what tf.gradients does with several uses and orders. */
import * as tf from '../src';
import { type AnyDef, allOps, lookup, parse } from '../src/graph/opdef';
import { bench, expectClose, expectError, inGraph, plain } from './conformance/harness';
import { type Input, make, type Recipe } from './gradient_builders';
import { NO_GRADIENT, RECIPES, SAME_RULE } from './gradient_recipes';

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** The same numbers in every run of the tests. */
function randomNumbers(): () => number {
  let state = 12345;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}

/** What a gradient is checked with: points to differentiate by, and the one number that depends on them. */
interface Case {
  readonly xs: readonly tf.Tensor[];
  readonly names: readonly string[];
  readonly outputs: readonly tf.Tensor[];
  /** Where the points are variables: their setters. */
  readonly assign?: readonly (readonly [tf.Tensor, tf.Operation])[];
}
type DType = 'float32' | 'float64';

/** Whether the op takes float64 where it takes floats. */
const takesDouble = (def: AnyDef): boolean =>
  Object.values(def.attrs).every(
    (a) => a.kind !== 'type' || !a.allowed?.includes('float32') || a.allowed.includes('float64'),
  );

function pointsOf(def: AnyDef, recipe: Recipe, dtype: DType): Case {
  const inputs = recipe.in ?? Object.fromEntries(Object.keys(def.inputs).map((name) => [name, [2, 3]]));
  const xs: tf.Tensor[] = [];
  const names: string[] = [];
  const one = (name: string, input: Input): tf.Tensor => {
    if (input instanceof tf.Value) return tf.constant(input.dtype === 'float64' ? input.cast(dtype) : input);
    const x = tf.placeholder(dtype, { shape: input as readonly number[] });
    xs.push(x);
    names.push(name);
    return x;
  };
  const given = Object.entries(def.inputs).map(([name, spec]) => {
    const input = inputs[name];
    if (input === undefined) throw new Error(`${def.name} needs a recipe: input '${name}' has none.`);
    const { count, each } = parse(spec);
    return count === undefined && !each ? one(name, input) : (input as readonly Input[]).map((x) => one(name, x));
  });
  const outputs = make(def.name, given, recipe.attrs);
  return { xs, names, outputs: outputs.filter((_, i) => recipe.out?.includes(i) ?? true) };
}
function builtOf({ of = [], kind, build }: Recipe, dtype: DType): Case {
  const names = of.map((_, i) => `x${i}`);
  const points = of.map((shape) => tf.placeholder(dtype, { shape }));
  if (!kind) return { xs: points, names, outputs: [build!(...points)].flat() };
  const variables = of.map((shape, i) =>
    tf.getVariable(`x${i}`, { shape, dtype, useResource: kind === 'resource', initializer: tf.zerosInitializer() }),
  );
  const assign = variables.map(
    (v, i) => [points[i]!, (tf.assign(v as never, points[i]!) as { op: tf.Operation }).op] as const,
  );
  const xs = variables as unknown as tf.Tensor[];
  return { xs, names, outputs: [build!(...xs)].flat(), assign };
}

async function compare(def: AnyDef, recipe: Recipe): Promise<void> {
  const dtype: DType = recipe.float32 || !takesDouble(def) ? 'float32' : 'float64';
  const random = randomNumbers();
  const b = bench();
  const { xs, names, outputs, assign } = b.build(() =>
    recipe.build ? builtOf(recipe, dtype) : pointsOf(def, recipe, dtype),
  );
  const used = new Set(b.graph.getOperations().map((op) => op.type));
  const [low, high] = recipe.range ?? [0.2, 0.9];
  const shapes = xs.map((x) => x.shape as readonly number[]);
  const points = shapes.map((s) =>
    tf.Value.cells(
      dtype,
      s,
      Array.from({ length: sizeOf(s) }, () => low + (high - low) * random()),
    ),
  );
  const set = async (values: readonly tf.Value[]) => {
    if (assign)
      await b.run(
        assign.map(([, op]) => op),
        assign.map(([p], i) => [p, values[i]]),
      );
  };
  const feed = (values: readonly tf.Value[]) => (assign ? [] : xs.map((x, i) => [x, values[i]] as const));

  await set(points);
  const floats = outputs.filter((t) => t.dtype.startsWith('float'));
  const found = await b.session.run([...floats], { feedDict: feed(points) as never });
  const total = b.build(() => {
    const terms = found.map((v, i) => {
      const weights = tf.Value.cells(
        floats[i]!.dtype,
        v.shape,
        Array.from(v.data, () => 0.5 + random()),
      );
      return tf.reduceSum(tf.multiply(floats[i]!, tf.constant(weights)));
    });
    return terms.length > 0 ? tf.addN(terms) : tf.constant(0);
  });
  const grads = b.build(() => tf.gradients(total, [...xs]).map((g) => g && tf.convertToTensor(g)));
  for (const op of b.graph.getOperations()) used.add(op.type);
  expect(used).toContain(def.name);
  expect([...new Set(names.filter((_, i) => grads[i] === null))]).toEqual(recipe.none ?? []);

  const step = dtype === 'float64' ? 1e-5 : 1e-2;
  const valueAt = async (k: number, cell: number, by: number): Promise<number> => {
    const moved = points.map((v, i) =>
      i === k
        ? tf.Value.cells(
            dtype,
            v.shape,
            Array.from(v.data, (c, j) => (j === cell ? c + by : c)),
          )
        : v,
    );
    await set(moved);
    return Number(await b.run(total, feed(moved)));
  };
  const exact = (
    await b.session.run(
      grads.filter((g) => g !== null),
      { feedDict: feed(points) as never },
    )
  ).map((v) => Array.from(v.data, Number));
  for (const [k, g] of grads.entries()) {
    if (g === null) continue;
    const cells = exact.shift()!;
    expect(cells).toHaveLength(points[k]!.data.length);
    for (const [cell, ours] of cells.entries()) {
      const numeric = ((await valueAt(k, cell, step)) - (await valueAt(k, cell, -step))) / (2 * step);
      const tolerance = dtype === 'float64' ? 1e-6 : 1e-2;
      if (!(Math.abs(ours - numeric) <= tolerance * Math.max(1, Math.abs(numeric)))) {
        throw new Error(
          `${def.name}, input '${names[k]}', cell ${cell}: the gradient is ${ours}, finite differences say ${numeric}`,
        );
      }
    }
    await set(points);
  }
  b.session.close();
}

const differentiable = allOps().filter((def) => typeof def.gradient === 'function');
test.each(differentiable.map((def) => [def.name, def] as const))('the gradient of %s', async (name, def) => {
  const other = SAME_RULE[name];
  if (other) expect(String(def.gradient)).toBe(String(lookup(other)!.gradient));
  else if (name === 'PreventGradient') {
    inGraph(() => {
      const x = tf.constant(1);
      expectError('Lookup', 'explicitly disabled', () => tf.gradients(tf.preventGradient(x), x));
    });
  } else if (name === 'ExtractImagePatches') {
    inGraph(() => {
      const how = { sizes: [1, 2, 2, 1], strides: [1, 1, 1, 1], rates: [1, 1, 1, 1], padding: 'VALID' } as const;
      const patches = tf.extractImagePatches(tf.ones([1, 3, 3, 1]), how);
      expectError('Unimplemented', '', () => tf.gradients(patches, patches.op.inputs[0]!));
    });
  } else if (name === 'RandomGamma') {
    inGraph(() => {
      // The samples differ from run to run: no differences to take.
      const alpha = tf.constant([1, 2]);
      expect((tf.gradients(tf.randomGamma([5], alpha), alpha)[0] as tf.Tensor).shape).toEqual([2]);
    });
  } else await compare(def, RECIPES[name] ?? {});
});

test('recipes are for ops that have gradients', () => {
  const known = new Set(differentiable.map((def) => def.name));
  expect(
    [...Object.keys(RECIPES), ...Object.keys(SAME_RULE)].filter((name) => lookup(name) && !known.has(name)),
  ).toEqual([]);
});

describe('ops without gradient', () => {
  /** The op with one number for each input, where that makes a node; its first float output by its float inputs. */
  function byInputs(def: AnyDef): { y: tf.Tensor; xs: tf.Tensor[] } | null {
    try {
      const { xs, outputs } = pointsOf(def, NO_GRADIENT[def.name] ?? {}, 'float32');
      const y = outputs.find((t) => t.dtype.startsWith('float'));
      return y ? { y, xs: [...xs] } : null;
    } catch {
      return null;
    }
  }
  const rows = allOps().filter((def) => typeof def.gradient !== 'function' && Object.keys(def.inputs).length > 0);
  test.each(rows.map((def) => [def.name, def] as const))('%s', (_, def) =>
    inGraph(() => {
      const made = byInputs(def);
      if (!made) return;
      if (def.gradient === null) expect(tf.gradients(made.y, made.xs)).toEqual(made.xs.map(() => null));
      else
        expectError('Lookup', `No gradient defined for operation '${made.y.op.name}' (op type: ${def.name})`, () =>
          tf.gradients(made.y, made.xs),
        );
    }),
  );
});

// ---- the walk -----------------------------------------------------------------------------------------------------

const x0 = (): tf.Tensor => tf.constant([1, 2, 3], { dtype: 'float64' });
const value = async (build: () => unknown): Promise<unknown> => {
  const b = bench();
  return b.run(b.build(build));
};
const grad = (y: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.gradients(y, x)[0] as tf.Tensor;

describe('gradients of gradients', () => {
  const rows: readonly (readonly [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number])[] = [
    ['x^3', (x) => tf.pow(x, 3), (x) => 6 * x],
    ['sigmoid', (x) => tf.sigmoid(x), (x) => ((s) => s * (1 - s) * (1 - 2 * s))(1 / (1 + Math.exp(-x)))],
    ['tanh', (x) => tf.tanh(x), (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
    ['sqrt', (x) => tf.sqrt(x), (x) => -0.25 * x ** -1.5],
    ['log', (x) => tf.log(x), (x) => -1 / x ** 2],
    ['softplus', (x) => tf.nn.softplus(x), (x) => ((s) => s * (1 - s))(1 / (1 + Math.exp(-x)))],
    ['1 / x', (x) => tf.reciprocal(x), (x) => 2 / x ** 3],
  ];
  test.each(rows)('%s', async (_, f, second) => {
    const found = value(() => {
      const x = x0();
      return grad(grad(f(x), x), x);
    });
    expectClose(await found, [1, 2, 3].map(second), 1e-9);
  });
});

describe('IndexedSlices', () => {
  test('through gather, in one piece and from two uses', async () => {
    const b = bench();
    const made = b.build(() => {
      const x = tf.constant([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      const [once, more] = [
        tf.gather(x, tf.constant([2, 0], { dtype: 'int32' })),
        tf.gather(x, tf.constant([2], { dtype: 'int32' })),
      ];
      const one = tf.gradients(tf.multiply(once, 3), x)[0];
      const two = tf.gradients([once, more], x)[0];
      const dense = tf.gradients([once, tf.multiply(x, 10)], x)[0];
      return { one, two, dense, whole: tf.convertToTensor(two!) };
    });
    expect(made.one).toBeInstanceOf(tf.IndexedSlices);
    expect(made.two).toBeInstanceOf(tf.IndexedSlices);
    expect(made.dense).toBeInstanceOf(tf.Tensor);
    const found = (await b.run(made)) as Record<
      string,
      { indices: number[]; values: number[][]; denseShape: number[] }
    >;
    expect(found.one).toEqual({
      indices: [2, 0],
      values: [
        [3, 3],
        [3, 3],
      ],
      denseShape: [3, 2],
    });
    expect([...found.two!.indices].sort()).toEqual([0, 2, 2]);
    expect(found.whole).toEqual([
      [1, 1],
      [0, 0],
      [2, 2],
    ]);
    expect(found.dense).toEqual([
      [11, 11],
      [10, 10],
      [11, 11],
    ]);
  });
});

describe('options', () => {
  test('gradYs weigh the ys, null is ones', async () => {
    const found = value(() => {
      const x = x0();
      return tf.gradients([tf.square(x), tf.multiply(x, 3)], x, {
        gradYs: [tf.constant([1, 0, 2], { dtype: 'float64' }), null],
      });
    });
    expect(await found).toEqual([[5, 3, 15]]);
  });
  test('as many gradYs as ys', () =>
    inGraph(() => {
      const x = x0();
      expectError('Value', 'Passed 2 grad_ys for 1 ys', () => tf.gradients(x, x, { gradYs: [x, x] }));
    }));
  test('stopGradients are taken as constants', async () => {
    const found = value(() => {
      const x = x0();
      const y = tf.square(x);
      return tf.gradients(tf.multiply(x, y), x, { stopGradients: y });
    });
    expect(await found).toEqual([[1, 4, 9]]);
  });
  test.each(Object.entries(tf.AggregationMethod))('aggregation %s', async (_, aggregationMethod) => {
    const found = value(() => {
      const x = x0();
      return tf.gradients([tf.multiply(x, 1), tf.multiply(x, 2), tf.multiply(x, 3), tf.square(x)], x, {
        aggregationMethod,
      });
    });
    expect(await found).toEqual([[8, 10, 12]]);
  });
  test('an unknown aggregation', () =>
    inGraph(() => {
      const x = x0();
      expectError('Value', 'Invalid aggregation_method specified 9.', () =>
        tf.gradients([x, tf.square(x)], x, { aggregationMethod: 9 }),
      );
    }));
  test('the gradient of x by itself is ones, of a constant null', async () => {
    const b = bench();
    const [own, none] = b.build(() => [tf.gradients(x0(), x0())[0], ((x: tf.Tensor) => tf.gradients(x, x)[0])(x0())]);
    expect(own).toBeNull();
    expect(plain(await b.run(none))).toEqual([1, 1, 1]);
  });
  test('integers carry none', () =>
    inGraph(() => {
      const x = x0();
      const y = tf.cast(tf.cast(x, 'int32'), 'float64');
      expect(tf.gradients(y, x)).toEqual([null]);
    }));
});
