/** @file create_train_op of slim and of tf.contrib.training, and optimize_loss. Numbers are those of TensorFlow 1.15.5. */
import * as tf from '../src';
import { batchNorm } from '../src/contrib/layers/batch_norm';
import { optimizeLoss } from '../src/contrib/layers/optimizers';
import * as slim from '../src/contrib/slim';
import * as training from '../src/contrib/training';
import { bench, controls, expectClose, expectError, expectRunError, names, opNames } from './conformance/harness';

const X = [
  [1, 2, 3],
  [4, 5, 9],
];
const LOSSES = [0.5803329348564148, 0.3846280574798584, 0.2867165207862854];

const lines: string[] = [];
let spy: jest.SpyInstance;
beforeEach(() => {
  lines.length = 0;
  spy = jest.spyOn(console, 'error').mockImplementation((text: string) => void lines.push(text));
});
afterEach(() => spy.mockRestore());

/** x -> dense -> batch normalization -> dense, and a loss that wants ones. */
function net() {
  const x = tf.placeholder('float32', [null, 3], { name: 'x' });
  const h = slim.fullyConnected(x, 2, {
    normalizerFn: batchNorm,
    normalizerParams: { decay: 0.5 },
    weightsInitializer: tf.constantInitializer(0.1),
  });
  const y = slim.fullyConnected(h, 1, { activationFn: null, weightsInitializer: tf.constantInitializer(0.3) });
  return { x, loss: tf.reduceMean(tf.square(y.sub(1)), { name: 'loss' }) };
}
const sgd = () => new tf.train.GradientDescentOptimizer(0.1);

/** Three steps of a train op: the losses, then the values of variables. */
async function train(make: (loss: tf.Tensor) => tf.Tensor, variables: readonly string[] = []) {
  const b = bench();
  const { x, op } = b.build(() => {
    const { x, loss } = net();
    return { x, op: make(loss) };
  });
  await b.init();
  const losses: unknown[] = [];
  for (let i = 0; i < 3; i++) losses.push(await b.run(op, [[x, X]]));
  const values = (await b.run(variables.map((v) => `${v}:0`))) as unknown[];
  return { b, op, losses, values };
}
const MOVING = ['moving_mean', 'moving_variance'].map((v) => `fully_connected/BatchNorm/${v}`);

test('the train op of slim runs UPDATE_OPS by itself: losses, averages and steps are those of TensorFlow', async () => {
  const make = (loss: tf.Tensor) => slim.learning.createTrainOp(loss, sgd());
  const { b, op, losses, values } = await train(make, [...MOVING, 'global_step']);
  expectClose(losses, LOSSES, 1e-5);
  expectClose(values, [[1.051486611366272, 1.051486611366272], [0.7567853927612305, 0.7567853927612305], 3], 1e-5);
  b.build(() => {
    expect(controls(b.graph.getOperationByName('update_barrier'))).toEqual([
      'fully_connected/BatchNorm/AssignMovingAvg',
      'fully_connected/BatchNorm/AssignMovingAvg_1',
    ]);
    const trainOps = tf.getCollection<{ name: string }>(tf.GraphKeys.TRAIN_OP);
    expect(names(trainOps)).toEqual(['GradientDescent', 'train_op/control_dependency:0']);
    const all = opNames(b.graph);
    const made = all.slice(all.indexOf('loss') + 1).filter((name) => !name.startsWith('gradients'));
    expect(made.slice(0, made.indexOf('init'))).toEqual([
      'global_step/Initializer/zeros',
      'global_step',
      'global_step/Assign',
      'global_step/read',
      'update_barrier',
      'control_dependency',
      'GradientDescent/learning_rate',
      'GradientDescent/update_fully_connected/weights/ApplyGradientDescent',
      'GradientDescent/update_fully_connected/BatchNorm/beta/ApplyGradientDescent',
      'GradientDescent/update_fully_connected_1/weights/ApplyGradientDescent',
      'GradientDescent/update_fully_connected_1/biases/ApplyGradientDescent',
      'GradientDescent/update',
      'GradientDescent/value',
      'GradientDescent',
      'train_op/CheckNumerics',
      'train_op/control_dependency',
    ]);
  });
  expect(op.name).toBe('train_op/control_dependency:0');
  expect(lines).toEqual([]);
});

test('update ops that are left out are warned of, and the averages stay; without a global step none is made', async () => {
  const make = (loss: tf.Tensor) => {
    const none = { updateOps: [], globalStep: null, checkNumerics: false };
    const op = training.createTrainOp(loss, sgd(), none);
    expect(tf.train.getGlobalStep()).toBeNull();
    return op;
  };
  const { losses, values } = await train(make, MOVING);
  expect(lines[0]).toBe(
    'WARNING: update_ops in create_train_op does not contain all the update_ops in GraphKeys.UPDATE_OPS',
  );
  expectClose(losses, LOSSES, 1e-5);
  expect(values).toEqual([
    [0, 0],
    [1, 1],
  ]);
});

test('gradients are multiplied by op names or variables', async () => {
  const of = (key: (v: tf.Variable) => string | tf.Variable, factor: number) => (loss: tf.Tensor) => {
    const gradientMultipliers = new Map([[key(slim.getUniqueVariable('fully_connected_1/weights')), factor]]);
    return slim.learning.createTrainOp(loss, sgd(), { gradientMultipliers });
  };
  const more = await train(
    of((v) => v.op.name, 10),
    ['fully_connected_1/weights'],
  );
  expectClose(more.losses, [0.5803329348564148, 0.5240411162376404, 0.5006400942802429], 1e-5);
  expectClose(more.values, [[[0.6826822757720947], [0.6826822757720947]]], 1e-5);
  const none = await train(
    of((v) => v, 0),
    ['fully_connected_1/weights'],
  );
  expectClose(none.losses, [0.5803329348564148, 0.4018675982952118, 0.2896498739719391], 1e-5);
  expectClose(none.values, [[[0.3], [0.3]]], 1e-7);
});

test('gradients are multiplied, then clipped, and summarized', async () => {
  const make = (loss: tf.Tensor) =>
    slim.learning.createTrainOp(loss, sgd(), {
      clipGradientNorm: 0.05,
      gradientMultipliers: { 'fully_connected_1/weights': 10 },
      summarizeGradients: true,
    });
  const { b, losses, values } = await train(make, ['fully_connected_1/weights']);
  expectClose(losses, [0.5803329348564148, 0.5697507858276367, 0.5593767762184143], 1e-5);
  expectClose(values, [[[0.31060662865638733], [0.31060662865638733]]], 1e-6);
  const summaries = b.build(() => tf.getCollection<tf.Tensor>(tf.GraphKeys.SUMMARIES).map((s) => s.op.name));
  expect(summaries.slice(0, 3)).toEqual([
    'summarize_grads/fully_connected/weights_gradient',
    'summarize_grads/fully_connected/weights_gradient_norm',
    'summarize_grads/fully_connected/BatchNorm/beta_gradient',
  ]);
  expect(summaries).toHaveLength(8);
});

test('a loss that is not finite stops the run, and the session works on', async () => {
  const b = bench();
  const { x, op } = b.build(() => {
    const { x, loss } = net();
    return { x, op: slim.learning.createTrainOp(loss, sgd()) };
  });
  await b.init();
  const bad = () => b.run(op, [[x, [[Number.POSITIVE_INFINITY, 1, 2]]]]);
  await expectRunError('InvalidArgument', 'LossTensor is inf or nan : Tensor had NaN values', bad);
  await b.init();
  expectClose(await b.run(op, [[x, X]]), LOSSES[0], 1e-5);
});

test('what cannot be multiplied or trained is refused in words of TensorFlow', () =>
  bench().build(() => {
    const { loss } = net();
    const v = tf.trainableVariables()[0]!;
    const multiply = training.multiplyGradients as (pairs: unknown, by: unknown) => unknown;
    expectError('Value', '`grads_and_vars` must be a list.', () => multiply(3, {}));
    expectError('Value', '`gradient_multipliers` is empty.', () => multiply([], {}));
    expectError('Value', '`gradient_multipliers` must be a dict.', () => multiply([], [1]));
    expectError('Value', 'Requested multiple of `None` gradient.', () =>
      multiply([[null, v]], { 'fully_connected/weights': 1 }),
    );
    const untrained = tf.getVariable('u', [2], { trainable: false });
    const wanting = (variablesToTrain: tf.Variable[]) => () =>
      training.createTrainOp(loss, sgd(), { variablesToTrain });
    expectError('Assertion', '', wanting([]));
    expectError('Assertion', 'u:0', wanting([untrained]));
  }));

test('optimizeLoss waits for UPDATE_OPS, counts the step, clips and summarizes', async () => {
  const make = (loss: tf.Tensor) => {
    const step = tf.train.getOrCreateGlobalStep() as tf.Variable;
    return optimizeLoss(loss, step, 0.1, 'Momentum', { clipGradients: 0.5 });
  };
  const { b, op, losses, values } = await train(make, [...MOVING, 'global_step']);
  expectClose(losses, [0.5803329348564148, 0.5081310272216797, 0.3918667733669281], 1e-5);
  expectClose(values, [[1.0508226156234741, 1.0508226156234741], [0.7559876441955566, 0.7559876441955566], 3], 1e-5);
  expect(op.name).toBe('OptimizeLoss/control_dependency_1:0');
  const summaries = b.build(() => tf.getCollection<tf.Tensor>(tf.GraphKeys.SUMMARIES).map((s) => s.op.name));
  expect(summaries).toEqual([
    'OptimizeLoss/global_norm/gradient_norm',
    'OptimizeLoss/loss',
    'OptimizeLoss/global_norm/clipped_gradient_norm',
  ]);
});

test('optimizeLoss refuses odd learning rates, optimizers, summaries and losses', () =>
  bench().build(() => {
    const { x, loss } = net();
    const optimize = optimizeLoss as (...args: unknown[]) => unknown;
    const cases: [string, unknown[]][] = [
      ['Invalid learning_rate', [loss, null, -1, 'SGD']],
      [
        'Optimizer name should be one of [Adagrad, Adam, Ftrl, Momentum, RMSProp, SGD], you provided Nope.',
        [loss, null, 0.1, 'Nope'],
      ],
      ['Optimizer name should be one of', [loss, null, 0.1, 'toString']],
      ['Learning rate is None, but should be specified if optimizer is string (SGD).', [loss, null, null, 'SGD']],
      [
        'Learning rate is None, but should be specified if optimizer is class',
        [loss, null, null, tf.train.AdamOptimizer],
      ],
      [
        'Summaries should be one of [learning_rate, loss, gradients, gradient_norm, global_gradient_norm], you provided x.',
        [loss, null, 0.1, 'SGD', { summaries: ['x'] }],
      ],
      ['Unrecognized optimizer: function should return subclass of Optimizer.', [loss, null, 0.1, () => 3]],
      ['Unrecognized optimizer: should be string, subclass of Optimizer', [loss, null, 0.1, 5]],
      ['Learning rate should be 0d Tensor or float.', [loss, null, tf.constant([1]), 'SGD']],
      ['Expected scalar shape for x:0, saw shape: (?, 3).', [x, null, 0.1, 'SGD']],
    ];
    for (const [words, args] of cases) expectError('Value', words, () => optimize(...args));
  }));
