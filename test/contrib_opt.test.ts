/** @file tf.contrib.opt: the update ops are TensorFlow 1.15.5's, and five steps lead where they lead there. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';
import * as opt from '../src/contrib/opt';
import { bench, expectError, expectRunError, inGraph, names } from './conformance/harness';
import { checkTraining, recordedIn, type Scene } from './optimizer_scenes';

const { GradientDescentOptimizer, MomentumOptimizer, AdamOptimizer, RMSPropOptimizer } = tf.train;

/** Applies the gradients once all of them are there: a decay must not race the loss for the variable. */
const gated =
  (make: () => tf.train.Optimizer, decayed?: 'w') =>
  ({ loss, step, w }: Scene): tf.Operation => {
    const optimizer = make();
    const pairs = optimizer.computeGradients(loss);
    const gradients = pairs.map(([g]) => (g instanceof tf.IndexedSlices ? g.values : g!));
    const options = { globalStep: step, name: 'train', decayVarList: decayed && [w] };
    return tf.controlDependencies(gradients, () => optimizer.applyGradients(pairs, options));
  };
const minimized =
  (make: (scene: Scene) => Pick<tf.train.Optimizer, 'minimize'>) =>
  (scene: Scene): tf.Operation =>
    make(scene).minimize(scene.loss, { globalStep: scene.step, name: 'train' });

const TRAINERS: { readonly [id: string]: (scene: Scene) => tf.Operation } = {
  adamax: minimized(() => new opt.AdaMaxOptimizer(0.1)),
  nadam: minimized(() => new opt.NadamOptimizer(0.1)),
  lazy: minimized(() => new opt.LazyAdamOptimizer(0.1)),
  gs: minimized(({ step }) => new opt.AdamGSOptimizer(step, 0.1)),
  lazygs: minimized(({ step }) => new opt.LazyAdamGSOptimizer(step, 0.1)),
  adamw: gated(() => new opt.AdamWOptimizer(0.01, 0.1)),
  momw: gated(() => new opt.MomentumWOptimizer(0.01, 0.1, 0.9, { useNesterov: true })),
  sgdw: gated(() => new (opt.extendWithDecoupledWeightDecay(RMSPropOptimizer))(0.01, 0.1)),
  adamwapp: gated(() => new opt.AdamWOptimizer(0.01, 0.1), 'w'),
  avg: minimized(() => new opt.MovingAverageOptimizer(new MomentumOptimizer(0.1, 0.9), { averageDecay: 0.9 })),
  add: minimized(() => new opt.AddSignOptimizer()),
  power: minimized(() => new opt.PowerSignOptimizer(undefined, { base: 2 })),
  lars: minimized(() => new opt.LARSOptimizer(10)),
  reg: minimized(() => new opt.RegAdagradOptimizer(0.1)),
  regno(scene) {
    const optimizer = new opt.RegAdagradOptimizer(0.1);
    return optimizer.avoidUpdatingSlots(() => minimized(() => optimizer)(scene));
  },
  clip: minimized(({ v, w }) => {
    const dims = new Map([
      [v, [1]],
      [w, [0]],
    ]);
    return new opt.VariableClippingOptimizer(new MomentumOptimizer(0.1, 0.9), dims, 0.5);
  }),
  multi: minimized(() => new opt.MultitaskOptimizerWrapper(new AdamOptimizer(0.1))),
};

test.each(recordedIn('contrib_opt.json'))('%s makes the ops and takes the steps', (id, want) =>
  checkTraining(id, want, TRAINERS[id.split('_')[0]!]!),
);

const variable = (name: string, value: number[]): tf.Variable => tf.getVariable(name, { initializer: value });

describe('weight decay', () => {
  test('minimize decays all variables, whatever its list says', async () => {
    const b = bench();
    const train = b.build(() => {
      const [v, w] = [variable('v', [1, 2]), variable('w', [4])];
      const optimizer = new opt.MomentumWOptimizer(0.5, 0, 0);
      return optimizer.minimize(tf.reduceSum(v).add(tf.reduceSum(w)), { decayVarList: [w] });
    });
    await b.init();
    await b.run(train);
    expect(await b.run(['v:0', 'w:0'])).toEqual([[0.5, 1], [2]]);
  });

  test('applyGradients decays the listed variables alone', async () => {
    const b = bench();
    const train = b.build(() => {
      const [v, w] = [variable('v', [1, 2]), variable('w', [4])];
      const optimizer = new opt.MomentumWOptimizer(0.5, 0, 0);
      const pairs = optimizer.computeGradients(tf.reduceSum(v).add(tf.reduceSum(w)));
      return optimizer.applyGradients(pairs, { decayVarList: [w] });
    });
    await b.init();
    await b.run(train);
    expect(await b.run(['v:0', 'w:0'])).toEqual([[1, 2], [2]]);
  });

  test('slots are called after the optimizer', () =>
    inGraph(() => {
      const v = variable('v', [1]);
      const optimizer = new opt.AdamWOptimizer(0.01);
      optimizer.minimize(tf.reduceSum(v));
      expect(names(optimizer.variables())).toEqual(['beta1_power:0', 'beta2_power:0', 'v/AdamW:0', 'v/AdamW_1:0']);
    }));

  test('a function as rate is refused', () =>
    inGraph(() => {
      const loss = tf.reduceSum(variable('v', [1]));
      expectError('Type', "of type 'function' instead", () => new opt.AdamWOptimizer(() => 0.1).minimize(loss));
    }));
});

describe('moving averages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-opt-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('the swapping saver writes averages under the names of the variables', async () => {
    const b = bench();
    const { train, swapping, plain } = b.build(() => {
      const v = variable('v', [1]);
      const optimizer = new opt.MovingAverageOptimizer(new GradientDescentOptimizer(1), { averageDecay: 0.5 });
      const train = optimizer.minimize(tf.reduceSum(v));
      return { train, swapping: optimizer.swappingSaver(), plain: new tf.train.Saver() };
    });
    await b.init();
    await b.run(train);
    const state = () => b.run(['v:0', 'v/ExponentialMovingAverage:0']);
    expect(await state()).toEqual([[0], [0.5]]);
    const path = (await swapping.save(b.session, join(folder, 'model'))) as string;
    expect(existsSync(`${path}.index`)).toBe(true);
    await plain.restore(b.session, path);
    expect(await state()).toEqual([[0.5], [0]]);
    await swapping.restore(b.session, path);
    expect(await state()).toEqual([[0], [0.5]]);
  });

  test('the swapping saver needs minimize first, and both of each pair', () =>
    inGraph(() => {
      const v = variable('v', [1]);
      const optimizer = new opt.MovingAverageOptimizer(new GradientDescentOptimizer(1));
      const early = 'Must call apply_gradients or minimize before creating the swapping_saver';
      expectError('Runtime', early, () => optimizer.swappingSaver());
      optimizer.minimize(tf.reduceSum(v));
      const missing = 'Variable to swap v/ExponentialMovingAverage is not part of variables to save.';
      expectError('Value', missing, () => optimizer.swappingSaver([v]));
      expect(names(tf.globalVariables())).toEqual(['v:0', 'v/ExponentialMovingAverage:0']);
    }));
});

describe('several tasks', () => {
  test('an all-zero gradient leaves the slots alone', async () => {
    const b = bench();
    const train = b.build((graph) => {
      const v = variable('v', [1]);
      const optimizer = new opt.MultitaskOptimizerWrapper(new MomentumOptimizer(1, 0.5));
      const g = graph.asDefault(() => tf.placeholder(tf.float32, { shape: [1], name: 'g' }));
      return optimizer.applyGradients([[g, v]]);
    });
    await b.init();
    const after = async (g: number) => {
      await b.run(train, [['g:0', [g]]]);
      return b.run(['v:0', 'v/Momentum:0']);
    };
    expect(await after(2)).toEqual([[-1], [2]]);
    expect(await after(0)).toEqual([[-1], [2]]);
    expect(await after(1)).toEqual([[-3], [2]]);
  });

  test('clipGradientsByGlobalNorm keeps nulls and answers the norm', async () => {
    const b = bench();
    const [pairs, norm] = b.build(() => {
      const [v, w] = [variable('v', [1, 1]), variable('w', [1])];
      return opt.clipGradientsByGlobalNorm(
        [
          [tf.constant([3, 4]), v],
          [null, w],
        ],
        1,
      );
    });
    expect(pairs[1]![0]).toBeNull();
    const [clipped, n] = (await b.run([pairs[0]![0], norm])) as [number[], number];
    expect(n).toBe(5);
    expect(clipped[0]).toBeCloseTo(0.6);
    expect(clipped[1]).toBeCloseTo(0.8);
  });
});

describe('what is refused', () => {
  test('a sparse gradient of a resource variable, where TensorFlow has no update for it', () =>
    inGraph(() => {
      const v = tf.getVariable('v', { initializer: [1, 2], useResource: true });
      const loss = tf.reduceSum(tf.gather(v, [0]));
      expectError('Unimplemented', 'AddSignOptimizer', () => new opt.AddSignOptimizer().minimize(loss));
    }));

  test('what is no optimizer, and numbers out of range', () => {
    const words = 'Supplied optimizer must be an instance of tf.train.Optimizer';
    expectError('Type', words, () => new opt.MultitaskOptimizerWrapper(3 as never));
    expectError('Value', 'momentum should be positive: -1', () => new opt.LARSOptimizer(0.1, { momentum: -1 }));
    expectError('Value', 'weight_decay should be positive: -1', () => new opt.LARSOptimizer(0.1, { weightDecay: -1 }));
    expectError('Value', 'math domain error', () => new opt.PowerSignOptimizer(0.1, { base: 0 }));
  });

  test('a gradient of another shape, when the graph is made and at run; the session works on', async () => {
    const b = bench();
    const train = b.build(() => {
      const v = variable('v', [1, 2]);
      const optimizer = new opt.AdaMaxOptimizer(1);
      const words = 'Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].';
      expectError('Value', words, () => optimizer.applyGradients([[tf.constant([1, 2, 3]), v]]));
      return optimizer.applyGradients([[tf.placeholder(tf.float32, { name: 'g' }), v]]);
    });
    await b.init();
    const words = 'var and grad do not have the same shape[2] [3]';
    await expectRunError('InvalidArgument', words, () => b.run(train, [['g:0', [1, 2, 3]]]));
    await b.run(train, [['g:0', [1, 1]]]);
    const [x, y] = (await b.run('v:0')) as [number, number];
    expect([x, y].map((cell) => Number(cell.toFixed(5)))).toEqual([0, 1]);
  });
});
