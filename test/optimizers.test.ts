/** @file tf.train's optimizers and decays: their ops, the way they take, their slots, and what they refuse. */
import * as tf from '../src';
import type { Variables } from '../src/optimizers/optimizer';
import { bench, expectError, inGraph, names, opNames } from './conformance/harness';
import { checkTraining, recordedIn, type Scene } from './optimizer_scenes';

const { train } = tf;
const { AdamOptimizer, GradientDescentOptimizer, MomentumOptimizer } = train;

const strengths = { l1RegularizationStrength: 0.01, l2RegularizationStrength: 0.02 };
const FTRL2 = {
  learningRatePower: -0.6,
  l2ShrinkageRegularizationStrength: 0.02,
  accumName: 'AA',
  linearName: 'LL',
};
const OPTIMIZERS: { readonly [id: string]: (scene: Scene) => tf.train.Optimizer } = {
  sgd: () => new GradientDescentOptimizer(0.1),
  mom: () => new MomentumOptimizer(0.1, 0.9),
  nest: () => new MomentumOptimizer(0.1, 0.9, { useNesterov: true }),
  adagrad: () => new train.AdagradOptimizer(0.1),
  adadelta: () => new train.AdadeltaOptimizer(1, { rho: 0.9 }),
  adam: () => new AdamOptimizer(0.1),
  rms: () => new train.RMSPropOptimizer(0.1, { momentum: 0.5 }),
  crms: () => new train.RMSPropOptimizer(0.1, { centered: true }),
  ftrl: () => new train.FtrlOptimizer(0.1, strengths),
  ftrl2: () => new train.FtrlOptimizer(0.1, FTRL2),
  pgd: () => new train.ProximalGradientDescentOptimizer(0.1, strengths),
  pada: () => new train.ProximalAdagradOptimizer(0.1, strengths),
  da: ({ step }) => new train.AdagradDAOptimizer(0.1, step, strengths),
};
test.each(recordedIn('optimizers.json'))('%s makes the ops and takes the steps', (id, want) =>
  checkTraining(id, want, (scene) =>
    OPTIMIZERS[id.split('_')[0]!]!(scene).minimize(scene.loss, { globalStep: scene.step, name: 'train' }),
  ),
);

const variable = (name: string, initializer: number[], options = {}): tf.Variable =>
  tf.getVariable(name, { initializer, ...options });
const total = (x: tf.Variable | tf.Tensor): tf.Tensor => tf.reduceSum(x as tf.Tensor);

describe('the list of variables', () => {
  const pairs = (pick: (v: tf.Variable, w: tf.Variable) => Variables): string[] =>
    inGraph(() => {
      const [v, w] = [variable('v', [1]), variable('w', [2])];
      const found = new GradientDescentOptimizer(1).computeGradients(total(v.mul(w)), { varList: pick(v, w) });
      return found.map(([, x]) => x.name);
    });
  test('is flattened, however deep it is nested', () => {
    expect(pairs((v, w) => [[w], [[[v]]]])).toEqual(['w:0', 'v:0']);
  });
  test('may be one variable', () => {
    expect(pairs((_, w) => w)).toEqual(['w:0']);
  });
  test('may be an object: its keys are sorted', () => {
    expect(pairs((v, w) => ({ b: v, a: [w] }))).toEqual(['w:0', 'v:0']);
  });
  test('takes nothing but variables and tensors', () =>
    inGraph(() => {
      const loss = total(variable('v', [1]));
      const optimizer = new GradientDescentOptimizer(1);
      expectError('Unimplemented', 'Trying to optimize unsupported type 3', () =>
        optimizer.minimize(loss, { varList: [3 as never] }),
      );
    }));
});

describe('slots', () => {
  test('of two optimizers of one class get different names', () =>
    inGraph(() => {
      const loss = total(variable('w', [1]));
      new AdamOptimizer(0.1).minimize(loss);
      const second = new AdamOptimizer(0.1);
      second.minimize(loss);
      expect(names(second.variables())).toEqual(['beta1_power_1:0', 'beta2_power_1:0', 'w/Adam_2:0', 'w/Adam_3:0']);
      expect(second.getSlotNames()).toEqual(['m', 'v']);
      expect(second.getName()).toBe('Adam');
    }));

  test('are made once, however often one optimizer minimizes', () =>
    inGraph(() => {
      const [v, w] = [variable('v', [1]), variable('w', [2])];
      const optimizer = new MomentumOptimizer(0.1, 0.9);
      optimizer.minimize(total(v), { varList: [v] });
      optimizer.minimize(total(v.mul(w)));
      expect(names(optimizer.variables())).toEqual(['v/Momentum:0', 'w/Momentum:0']);
      expect(optimizer.getSlot(w, 'momentum')?.name).toBe('w/Momentum:0');
      expect(optimizer.getSlot(w, 'none')).toBeNull();
    }));

  test('lie in the open variable scope, update ops in the name scope', () =>
    inGraph(() => {
      const v = variable('v', [1]);
      const optimizer = new AdamOptimizer(0.1);
      const step = tf.variableScope('sc', () => optimizer.minimize(total(v)));
      expect(step.name).toBe('sc/Adam');
      expect(names(optimizer.variables())).toEqual([
        'sc/beta1_power:0',
        'sc/beta2_power:0',
        'sc/v/Adam:0',
        'sc/v/Adam_1:0',
      ]);
    }));

  test('of a variable without a gradient are not made', () =>
    inGraph(() => {
      const [v, w] = [variable('v', [1]), variable('w', [2])];
      const optimizer = new MomentumOptimizer(0.1, 0.9);
      const done = optimizer.applyGradients([
        [null, v],
        [[1], w],
      ]);
      expect(names(optimizer.variables())).toEqual(['w/Momentum:0']);
      expect(opNames().filter((name) => name.startsWith('Momentum/update_'))).toEqual([
        'Momentum/update_w/ApplyMomentum',
      ]);
      expect(done.type).toBe('NoOp');
    }));

  test('of a variable of unknown shape take the shape it has', async () => {
    const b = bench();
    const step = b.build(() => {
      const fed = tf.placeholderWithDefault([1, 2], [null]);
      const v = new tf.Variable(fed, { validateShape: false, name: 'v' });
      return new train.RMSPropOptimizer(0.1, { momentum: 0.5 }).minimize(total(v.mul(v)));
    });
    await b.init();
    await b.run(step);
    const [v, rms] = (await b.run(['v:0', 'v/RMSProp:0'])) as [number[], number[]];
    // From TensorFlow 1.15.5.
    expect(v.map((x) => x.toFixed(5))).toEqual(['0.82459', '1.74702']);
    expect(rms.map((x) => x.toFixed(5))).toEqual(['1.30000', '2.50000']);
  });
});

describe('hyperparameters', () => {
  test('may be tensors and functions, which are asked for each train op', async () => {
    const b = bench();
    let asked = 0;
    const [first, second] = b.build(() => {
      const v = variable('v', [8]);
      const rate = tf.placeholderWithDefault(2, [], { name: 'rate' });
      const optimizer = new GradientDescentOptimizer(() => {
        asked++;
        return rate.mul(asked);
      });
      return [optimizer.minimize(total(v)), optimizer.minimize(total(v))];
    });
    expect(asked).toBe(2);
    await b.init();
    await b.run(first);
    expect(await b.run('v:0')).toEqual([6]);
    await b.run(second, [['rate:0', 0.5]]);
    expect(await b.run('v:0')).toEqual([5]);
  });

  test('a rate that is a function is refused for sparse gradients of resource variables, as in TensorFlow', () =>
    inGraph(() => {
      const v = variable('v', [1, 2], { useResource: true });
      const optimizer = new GradientDescentOptimizer(() => 0.1);
      expectError('Type', 'function', () => optimizer.minimize(total(tf.gather(v, [0]))));
    }));
});

describe('control flow', () => {
  test('an optimizer may minimize in a branch; its variables lie outside', async () => {
    const b = bench();
    b.build(() => {
      const v = variable('v', [1]);
      const loss = total(v.mul(v));
      const on = tf.placeholder('bool', { shape: [], name: 'on' });
      const moved = tf.cond(
        on,
        () => new MomentumOptimizer(0.25, 0.5).minimize(loss),
        () => tf.noOp(),
      );
      tf.group(moved as tf.Tensor, { name: 'done' });
    });
    await b.init();
    for (const on of [true, false, true]) await b.run(b.graph.getOperationByName('done'), [['on:0', on]]);
    expect(await b.run(['v:0', 'v/Momentum:0'])).toEqual([[0], [2]]);
  });
});

describe('what is refused', () => {
  const refused = (...[code, words, make]: Parameters<typeof expectError>): void =>
    inGraph(() => {
      variable('v', [1, 2]);
      expectError(code, words, make);
    });
  const v = (): tf.Variable => tf.globalVariables()[0]!;
  const sgd = (): tf.train.Optimizer => new GradientDescentOptimizer(0.1);

  test('gradients that are missing', () => {
    refused('Value', 'No variables provided.', () => sgd().applyGradients([]));
    const shown = `No gradients provided for any variable: ["<tf.Variable 'v:0' shape=(2,) dtype=float32_ref>"].`;
    refused('Value', shown, () => sgd().applyGradients([[null, v()]]));
    const between = `between variables ['Tensor("Identity:0", shape=(2,), dtype=float32)'] and loss Tensor("Sum:0"`;
    refused('Value', between, () => sgd().minimize(total(v()), { varList: [tf.identity(v())] }));
  });

  test('gradients of another type or shape', () => {
    const type = "Input 'delta' of 'ApplyGradientDescent' Op has type int32 that does not match type float32";
    refused('Type', type, () => sgd().applyGradients([[tf.constant([1, 2], 'int32'), v()]]));
    const shape =
      "Shapes are [2] and [3]. for 'GradientDescent/update_v/ApplyGradientDescent' (op: 'ApplyGradientDescent') with input shapes: [2], [], [3].";
    refused('Value', shape, () => sgd().applyGradients([[[1, 2, 3], v()]]));
    refused('Value', 'Shape must be rank 0 but is rank 1', () =>
      new GradientDescentOptimizer([0.1]).applyGradients([[[1, 2], v()]]),
    );
  });

  test('a constraint on a variable with sparse gradients', () =>
    inGraph(() => {
      const c = variable('c', [1, 2], { constraint: (x: tf.Tensor) => x });
      const words = 'Cannot use a constraint function on a sparse variable.';
      expectError('Runtime', words, () => sgd().minimize(total(tf.gather(c, [0]))));
    }));

  test('integers as loss and as its gradient', () => {
    const expected = 'expected: [tf.float32, tf.float64, tf.float16, tf.bfloat16].';
    refused('Value', `Invalid type tf.int32 for Const:0, ${expected}`, () => sgd().minimize(tf.constant([1], 'int32')));
    refused('Value', `Invalid type tf.int32 for Const:0, ${expected}`, () => {
      const loss = total(v());
      return sgd().minimize(loss, { gradLoss: tf.constant([1], 'int32') });
    });
  });
});

describe('rates that depend on the step', () => {
  const STEPS = [0, 3, 5, 10, 14, 25];
  type Decay = (step: tf.Tensor) => tf.Tensor;
  // At these steps, printed by TensorFlow 1.15.5.
  const DECAYS: { readonly [id: string]: readonly [decay: Decay, rates: readonly number[]] } = {
    exponential: [
      (s) => train.exponentialDecay(0.1, s, 10, 0.5),
      [0.1, 0.0812252, 0.0707107, 0.05, 0.0378929, 0.0176777],
    ],
    staircase: [
      (s) => train.exponentialDecay(0.1, s, 10, 0.5, { staircase: true }),
      [0.1, 0.1, 0.1, 0.05, 0.05, 0.025],
    ],
    naturalExp: [
      (s) => train.naturalExpDecay(0.1, s, 10, 0.5),
      [0.1, 0.0860708, 0.0778801, 0.0606531, 0.0496585, 0.0286505],
    ],
    inverseTime: [
      (s) => train.inverseTimeDecay(0.1, s, 10, 0.5),
      [0.1, 0.0869565, 0.08, 0.0666667, 0.0588235, 0.0444444],
    ],
    inverseSteps: [
      (s) => train.inverseTimeDecay(0.1, s, 10, 0.5, { staircase: true }),
      [0.1, 0.1, 0.1, 0.0666667, 0.0666667, 0.05],
    ],
    polynomial: [
      (s) => train.polynomialDecay(0.1, s, 10, { endLearningRate: 0.01, power: 2 }),
      [0.1, 0.0541, 0.0325, 0.01, 0.01, 0.01],
    ],
    cycle: [
      (s) => train.polynomialDecay(0.1, s, 10, { endLearningRate: 0.01, cycle: true }),
      [0.1, 0.073, 0.055, 0.01, 0.037, 0.025],
    ],
    cosine: [(s) => train.cosineDecay(0.1, s, 20, { alpha: 0.1 }), [0.1, 0.0950953, 0.0868198, 0.055, 0.0285497, 0.01]],
    restarts: [
      (s) => train.cosineDecayRestarts(0.1, s, 6, { tMul: 1.5, mMul: 0.8, alpha: 0.1 }),
      [0.1, 0.055, 0.0160289, 0.0522513, 0.0121711, 0.0190362],
    ],
    evenRestarts: [
      (s) => train.cosineDecayRestarts(0.1, s, 8, { tMul: 1 }),
      [0.1, 0.0691342, 0.0308658, 0.0853553, 0.0146447, 0.096194],
    ],
    linearCosine: [
      (s) => train.linearCosineDecay(0.1, s, 20, { numPeriods: 2, alpha: 0.1, beta: 0.02 }),
      [0.112, 0.0348217, 0.002, 0.062, 0.00581966, 0.012],
    ],
    piecewise: [(s) => train.piecewiseConstant(s, [5, 10], [0.3, 0.2, 0.1]), [0.3, 0.3, 0.3, 0.2, 0.1, 0.1]],
  };
  test.each(Object.entries(DECAYS))('%s', async (_, [decay, rates]) => {
    const b = bench();
    const rate = b.build(() => decay(tf.placeholder('int64', { shape: [], name: 'step' })));
    const found: unknown[] = [];
    for (const step of STEPS) found.push(Number(((await b.run(rate, [['step:0', step]])) as number).toPrecision(6)));
    expect(found).toEqual(rates);
  });

  test('the noise of a noisy decay follows from the seed', async () => {
    const b = bench();
    const rate = b.build(() => {
      tf.setRandomSeed(3);
      const step = tf.placeholderWithDefault(tf.constant(7, 'int64'), []);
      return train.noisyLinearCosineDecay(0.1, step, 20);
    });
    const found = [await b.run(rate), await b.run(rate), await b.run(rate)] as number[];
    expect(found.map((x) => Number(x.toPrecision(6)))).toEqual([0.101876, 0.0342173, 0.0868977]);
  });

  test('numbers as limits take the type of a step of floats', async () => {
    const b = bench();
    const rate = b.build(() => train.piecewiseConstant(tf.constant(2.5), [2, 3], [0.3, 0.2, 0.1]));
    expect(await b.run(rate)).toBeCloseTo(0.2);
  });

  test('a rate in float64 keeps its type; numbers beside it are cast to it', () =>
    inGraph(() => {
      const rate = train.exponentialDecay(tf.constant(0.1, 'float64'), train.createGlobalStep(), 10, 0.5);
      expect(rate.dtype).toBe('float64');
      const given = tf.getDefaultGraph().getOperationByName('ExponentialDecay/Cast_1/x');
      expect(given.outputs[0]!.dtype).toBe('float32');
    }));

  test('limits and values that do not fit are refused', () =>
    inGraph(() => {
      const one = tf.constant(1, 'int32');
      const limit = tf.Value.from(1, 'float32');
      const limits = "Boundaries (<dtype: 'float32'>) must have the same dtype as x (<dtype: 'int32'>).";
      expectError('Value', limits, () => train.piecewiseConstant(one, [limit], [1, 2]));
      const values = "Values must have elements all with the same dtype (<dtype: 'float32'> vs <dtype: 'int32'>).";
      expectError('Value', values, () => train.piecewiseConstant(one, [1], [1, tf.Value.from(2, 'int32')]));
      const count = 'The length of boundaries should be 1 less than the length of values';
      expectError('Value', count, () => train.piecewiseConstant(one, [1], [1]));
    }));
});
