/** @file tf.contrib.layers, tf.contrib.framework and slim. Nodes and numbers were printed from TensorFlow 1.15.5. */
import * as tf from '../src';
import * as framework from '../src/contrib/framework';
import * as L from '../src/contrib/layers';
import * as slim from '../src/contrib/slim';
import { bench, controls, expectClose, expectError, inGraph, names, opNamed, opNames } from './conformance/harness';

const X = [
  [1, 2, 3],
  [3, 4, 7],
];
const rows = () => tf.placeholder('float32', [null, 3], { name: 'x' });
const pixels = () => tf.placeholder('float32', [null, 4, 4, 2], { name: 'i' });
const collected = (key: string) => names(tf.getCollection<{ name: string }>(key));
const ops = (list: readonly tf.Variable[]) => list.map((v) => v.op.name);
const refVariable = (name: string, initializer: string) =>
  [`Initializer/${initializer}`, '', 'Assign', 'read'].map((end) => (end ? `${name}/${end}` : name));
const uniform = (name: string) => {
  const start = `${name}/Initializer/random_uniform`;
  const parts = ['shape', 'min', 'max', 'RandomUniform', 'sub', 'mul'].map((part) => `${start}/${part}`);
  return [...parts, start, name, `${name}/Assign`, `${name}/read`];
};
const average = (name: string) => ['decay', 'sub', 'mul', ''].map((end) => (end ? `${name}/${end}` : name));

describe('layers', () => {
  test('fullyConnected with batchNorm makes the nodes of TensorFlow, and fills its collections', () =>
    inGraph(() => {
      L.fullyConnected(rows(), 2, { normalizerFn: L.batchNorm, outputsCollections: 'o' });
      const fc = 'fully_connected';
      const bn = `${fc}/BatchNorm`;
      expect(opNames()).toEqual([
        'x',
        ...uniform(`${fc}/weights`),
        `${fc}/MatMul`,
        `${bn}/Reshape/shape`,
        `${bn}/Reshape`,
        ...refVariable(`${bn}/beta`, 'zeros'),
        `${bn}/Const`,
        ...refVariable(`${bn}/moving_mean`, 'zeros'),
        ...refVariable(`${bn}/moving_variance`, 'ones'),
        `${bn}/Const_1`,
        `${bn}/Const_2`,
        `${bn}/FusedBatchNormV3`,
        ...average(`${bn}/AssignMovingAvg`),
        ...average(`${bn}/AssignMovingAvg_1`),
        `${bn}/Shape`,
        `${bn}/Reshape_1`,
        `${fc}/Relu`,
      ]);
      const [weights, beta, mean, variance] = ['weights', 'BatchNorm/beta', 'BatchNorm/moving_mean']
        .map((v) => `${fc}/${v}:0`)
        .concat(`${bn}/moving_variance:0`);
      expect(collected(tf.GraphKeys.TRAINABLE_VARIABLES)).toEqual([weights, beta]);
      expect(collected(tf.GraphKeys.MODEL_VARIABLES)).toEqual([weights, beta, mean, variance]);
      expect(collected(tf.GraphKeys.GLOBAL_VARIABLES)).toEqual([weights, beta, mean, variance]);
      expect(collected(tf.GraphKeys.UPDATE_OPS)).toEqual([`${bn}/AssignMovingAvg:0`, `${bn}/AssignMovingAvg_1:0`]);
      expect(collected('o')).toEqual([`${fc}/Relu:0`]);
    }));

  test('conv2d makes the nodes of TensorFlow', () =>
    inGraph(() => {
      L.conv2d(pixels(), 2, 3, { activationFn: null });
      const end = ['dilation_rate', 'Conv2D', 'BiasAdd'].map((name) => `Conv/${name}`);
      expect(opNames()).toEqual(['i', ...uniform('Conv/weights'), ...refVariable('Conv/biases', 'zeros'), ...end]);
    }));

  test('a scope is reused, and the variables are those of the first layer', () =>
    inGraph(() => {
      const x = rows();
      L.fullyConnected(x, 2, { scope: 'fc' });
      L.fullyConnected(x, 2, { scope: 'fc', reuse: true });
      expect(ops(tf.globalVariables())).toEqual(['fc/weights', 'fc/biases']);
      expectError('Value', 'Variable fc/weights already exists, disallowed.', () =>
        L.fullyConnected(x, 2, { scope: 'fc' }),
      );
    }));

  test('variables go to collections by name, and regularizers to REGULARIZATION_LOSSES', () =>
    inGraph(() => {
      L.fullyConnected(rows(), 2, {
        variablesCollections: { weights: ['w'], biases: ['b'] },
        weightsRegularizer: L.l2Regularizer(0.1),
      });
      expect(collected('w')).toEqual(['fully_connected/weights:0']);
      expect(collected('b')).toEqual(['fully_connected/biases:0']);
      expect(collected(tf.GraphKeys.REGULARIZATION_LOSSES)).toEqual([
        'fully_connected/kernel/Regularizer/l2_regularizer:0',
      ]);
    }));

  test('stack and repeat name scopes by the layer, outputs are found by their scopes', () =>
    inGraph(() => {
      L.stack(rows(), L.fullyConnected, [4, 5], { scope: 'fc', outputsCollections: 'e' });
      expect(ops(tf.globalVariables())).toEqual([
        'fc/fc_1/weights',
        'fc/fc_1/biases',
        'fc/fc_2/weights',
        'fc/fc_2/biases',
      ]);
      let h = slim.repeat(tf.placeholder('float32', [null, 8, 8, 2]), 2, slim.conv2d, 4, [3, 3]);
      h = slim.maxPool2d(h, [2, 2], { outputsCollections: 'e' });
      h = slim.dropout(slim.flatten(h), { outputsCollections: 'e' });
      expect(h.name).toBe('Dropout/dropout_1/mul_1:0');
      expect(ops(slim.getVariables('Repeat'))).toEqual(
        [1, 2].flatMap((i) => ['weights', 'biases'].map((v) => `Repeat/convolution2d_${i}/${v}`)),
      );
      const endPoints = slim.utils.convertCollectionToDict('e', { clearCollection: true });
      expect(Object.keys(endPoints)).toEqual(['fc/fc_1', 'fc/fc_2', 'MaxPool2D', 'Dropout']);
      expect(endPoints.Dropout).toBe(h);
      expect(tf.getCollection('e')).toEqual([]);
    }));

  test('initializers draw what those of TensorFlow draw', async () => {
    const b = bench();
    const drawn = b.build(() => {
      tf.setRandomSeed(7);
      const averaged = { factor: 1, mode: 'FAN_OUT', uniform: true } as const;
      return [
        L.xavierInitializer(),
        L.xavierInitializer({ uniform: false }),
        L.varianceScalingInitializer(),
        L.varianceScalingInitializer(averaged),
      ].map((initializer) => initializer.call([2, 3], 'float32'));
    });
    const expected = [
      [
        [-0.21670562028884888, -0.26983243227005005, -0.417818546295166],
        [-0.9024810791015625, 0.5390844345092773, -0.09923166036605835],
      ],
      [
        [0.385749876499176, -0.6885865330696106, -0.1563728302717209],
        [-0.011892405338585377, -0.23228007555007935, 0.48115137219429016],
      ],
      [
        [-0.9501795768737793, -0.6577340364456177, 0.2723899781703949],
        [0.8930132389068604, -0.5977464914321899, -1.5061460733413696],
      ],
      [
        [0.8959922790527344, 0.6548991203308105, -0.5418708324432373],
        [0.6992905139923096, 0.4371018409729004, -0.9072163105010986],
      ],
    ];
    expectClose(await b.run(drawn), expected, 1e-6);
  });
});

describe('batchNorm', () => {
  test('updates in place: the output waits for them, UPDATE_OPS stays empty, the averages move with each output', async () => {
    const b = bench();
    const { x, y } = b.build(() => {
      const x = rows();
      return { x, y: L.batchNorm(x, { decay: 0.5, updatesCollections: null }) };
    });
    b.build(() => {
      expect(tf.getCollection(tf.GraphKeys.UPDATE_OPS)).toEqual([]);
      expect(controls(opNamed('BatchNorm/Identity'))).toEqual([
        'BatchNorm/AssignMovingAvg',
        'BatchNorm/AssignMovingAvg_1',
      ]);
    });
    await b.init();
    const normal = [
      [-0.9995003938674927, -0.9995003938674927, -0.9998750686645508],
      [0.9995003938674927, 0.9995003938674927, 0.9998750686645508],
    ];
    expectClose(await b.run(y, [[x, X]]), normal, 1e-6);
    const state = await b.run(b.build(() => tf.globalVariables()));
    expectClose(
      state,
      [
        [0, 0, 0],
        [1, 1.5, 2.5],
        [1.5, 1.5, 4.5],
      ],
      1e-6,
    );
  });

  test('weighted rows and a moving mean without bias give the numbers of TensorFlow', async () => {
    const b = bench();
    const { y, updates, x, variables } = b.build(() => {
      const x = tf.placeholder('float32', [2, 3]);
      const options = { decay: 0.5, batchWeights: [1, 3], zeroDebiasMovingMean: true, scale: true };
      const y = L.batchNorm(x, options);
      return { x, y, updates: tf.getCollection(tf.GraphKeys.UPDATE_OPS), variables: tf.globalVariables() };
    });
    await b.init();
    const [found] = (await b.run([y, ...updates], [[x, X]])) as unknown[];
    const expected = [
      [-1.730897307395935, -1.7308971881866455, -1.731762409210205],
      [0.5769655704498291, 0.5769658088684082, 0.5772538185119629],
    ];
    expectClose(found, expected, 2e-6);
    const state = Object.fromEntries(variables.map((v, i) => [v.op.name, i] as const));
    const values = (await b.run(variables)) as unknown[];
    const value = (name: string) => values[state[`BatchNorm/${name}`]!];
    expectClose(value('moving_mean'), [2.5, 3.5, 6], 1e-6);
    expectClose(value('moving_variance'), [0.875, 0.875, 2], 1e-6);
    expectClose(value('BatchNorm/moving_mean/biased'), [1.25, 1.75, 3], 1e-6);
    expectClose(value('BatchNorm/moving_mean/local_step'), 1, 0);
  });

  test('updates go to the collection that is named, only while training', () =>
    inGraph(() => {
      L.batchNorm(rows(), { updatesCollections: 'mine' });
      L.batchNorm(rows(), { updatesCollections: 'mine', isTraining: false });
      expect(collected('mine')).toEqual(['BatchNorm/AssignMovingAvg:0', 'BatchNorm/AssignMovingAvg_1:0']);
      expect(collected(tf.GraphKeys.UPDATE_OPS)).toEqual([]);
    }));
});

describe('argScope', () => {
  test('gives options to layers, the inner scope and the call win, and it ends with its body', () =>
    inGraph(() => {
      const bare = { activationFn: null, biasesInitializer: null };
      slim.argScope([slim.fullyConnected, slim.conv2d], bare, () => {
        slim.fullyConnected(rows(), 2, { scope: 'a' });
        slim.argScope([slim.fullyConnected], { activationFn: tf.sigmoid }, () => {
          slim.fullyConnected(rows(), 2, { scope: 'b' });
          slim.fullyConnected(rows(), 2, { scope: 'c', activationFn: tf.nn.relu });
          slim.fullyConnected(rows(), 2, { scope: 'd', activationFn: undefined });
        });
      });
      slim.fullyConnected(rows(), 2, { scope: 'e' });
      const ends = ['a', 'b', 'c', 'd', 'e'].map((s) =>
        opNames()
          .filter((n) => n.startsWith(`${s}/`))
          .at(-1),
      );
      expect(ends).toEqual(['a/MatMul', 'b/Sigmoid', 'c/Relu', 'd/Sigmoid', 'e/Relu']);
    }));

  test('reaches batchNorm as a normalizer, and the parameters that may stand before the options', () =>
    inGraph(() => {
      const training = tf.placeholder('bool', []);
      slim.argScope([slim.conv2d, slim.fullyConnected], { normalizerFn: slim.batchNorm }, () =>
        slim.argScope([slim.batchNorm, slim.dropout], { isTraining: false }, () => {
          slim.fullyConnected(rows(), 2);
          slim.fullyConnected(rows(), 2, { normalizerParams: { isTraining: training } });
          expect(slim.dropout(rows(), 0.5).op.type).toBe('Identity');
        }),
      );
      expect(collected(tf.GraphKeys.UPDATE_OPS)).toHaveLength(2);
      const pooled = slim.argScope([slim.maxPool2d], { kernelSize: 3, stride: 1, padding: 'SAME' }, () =>
        (slim.maxPool2d as unknown as (x: tf.Tensor) => tf.Tensor)(pixels()),
      );
      expect(pooled.shape).toEqual([null, 4, 4, 2]);
    }));

  test('can be kept and opened again, in place of what is open', () =>
    inGraph(() => {
      const kept = slim.argScope([slim.fullyConnected], { activationFn: null }, (scope) => scope);
      slim.argScope([slim.fullyConnected], { biasesInitializer: null }, () =>
        slim.argScope(kept, () => slim.fullyConnected(rows(), 2)),
      );
      expect(opNames().at(-1)).toBe('fully_connected/BiasAdd');
    }));

  test('works for functions of the program, and names stacked scopes by them', () =>
    inGraph(() => {
      const block = slim.addArgScope(function block(
        x: tf.Tensor,
        n: number,
        { act = null, scope }: { act?: ((x: tf.Tensor) => tf.Tensor) | null; scope?: string } = {},
      ) {
        return slim.fullyConnected(x, n, { activationFn: act, scope });
      });
      expect(slim.hasArgScope(block)).toBe(true);
      const last = slim.argScope([block], { act: tf.sigmoid }, () => slim.stack(rows(), block as never, [2, 3]));
      expect(last.op.name).toBe('Stack/block_2/Sigmoid');
    }));

  test('is closed by an error, and refuses an async body', async () => {
    await bench().build(() => {
      const linear = { activationFn: null };
      const boom = () => {
        throw new Error('boom');
      };
      expect(() => slim.argScope([slim.fullyConnected], linear, boom)).toThrow('boom');
      expectError('Type', 'async', () => slim.argScope([slim.fullyConnected], linear, async () => {}));
      expect(slim.fullyConnected(rows(), 2).op.type).toBe('Relu');
    });
  });

  test('refuses what no function takes, in words of TensorFlow', () =>
    inGraph(() => {
      const i = pixels();
      const strided = <R>(body: () => R) => slim.argScope([slim.conv2d], { stride: 2 }, body);
      const twice = "convolution2d() got multiple values for argument 'stride'";
      expectError('Type', twice, () => strided(() => slim.conv2d(i, 2, 3, 1)));
      expectError('Type', "batch_norm() got an unexpected keyword argument 'is_trainng'", () =>
        slim.batchNorm(i, { isTrainng: true } as never),
      );
      const both = [slim.conv2d, slim.maxPool2d];
      expectError('Type', "max_pool2d() got an unexpected keyword argument 'activation_fn'", () =>
        slim.argScope(both, { activationFn: null }, () => slim.maxPool2d(i, 2)),
      );
      const wrong = slim.argScope as (...args: unknown[]) => unknown;
      expectError('Value', 'relu is not decorated with @add_arg_scope', () => wrong([tf.nn.relu], {}, () => 0));
      expectError('Type', 'list_ops_or_scope must either be a list/tuple', () => wrong(slim.conv2d, {}, () => 0));
      expectError('Value', 'kwargs must be empty', () => wrong(new Map(), { stride: 2 }, () => 0));
      expectError('Type', 'positional arguments', () =>
        wrong.call(null, [], {}, () => (slim.flatten as never as typeof wrong)(i, 1, 2)),
      );
    }));
});

describe('framework', () => {
  test('variables are found by scope, suffix, name and pattern', () =>
    inGraph(() => {
      slim.fullyConnected(rows(), 2, { scope: 'a', normalizerFn: slim.batchNorm });
      slim.fullyConnected(rows(), 2, { scope: 'b' });
      const w = framework.modelVariable('w', [2], { collections: ['mine'] });
      framework.variable('v', { shape: [2], trainable: false });
      framework.variable('weights_old', [2], { collections: [tf.GraphKeys.GLOBAL_VARIABLES] });
      expect(collected('mine')).toEqual(['w:0']);
      expect(ops(framework.getModelVariables('b'))).toEqual(['b/weights', 'b/biases']);
      expect(ops(framework.getVariables(null, 'weights'))).toEqual(['a/weights', 'b/weights']);
      expect(ops(framework.getVariablesByName('w'))).toEqual(['w']);
      expect(ops(framework.getTrainableVariables('a/'))).toEqual(['a/weights', 'a/BatchNorm/beta']);
      expect(framework.getUniqueVariable('w')).toBe(w);
      expect(ops(framework.getVariablesToRestore({ exclude: ['a', 'b', 'weights'] }))).toEqual(['w', 'v']);
      const some = { includePatterns: ['moving'], excludePatterns: ['variance'] };
      expect(ops(framework.filterVariables(tf.globalVariables(), some))).toEqual(['a/BatchNorm/moving_mean']);
      expectError('Value', "Couldn't find variable nope", () => framework.getUniqueVariable('nope'));
      expectError('Value', 'Variable a does not uniquely identify a variable', () => framework.getUniqueVariable('a'));
    }));

  test('assignFromValues sets variables', async () => {
    const b = bench();
    const { w, assign, feedDict } = b.build(() => {
      const w = framework.variable('w', [2, 2], { initializer: tf.zerosInitializer() });
      expectError('Value', "Variable nope wasn't found", () => framework.assignFromValues({ nope: 1 }));
      expectError('Value', 'cannot reshape array of size 3', () => framework.assignFromValues({ w: [1, 2, 3] }));
      const [assign, feedDict] = framework.assignFromValues({ w: [1, 2, 3, 4] });
      return { w, assign, feedDict };
    });
    await b.init();
    await b.session.run(assign, { feedDict });
    expect(await b.run(w)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

test('bad arguments are refused in words of TensorFlow, and the session works on', async () => {
  const b = bench();
  const y = b.build(() => {
    const x = tf.placeholder('float32', [2, 3], { name: 'x' });
    const i = pixels();
    const u = tf.placeholder('float32', { name: 'u' });
    const wide = tf.placeholder('float32', [2, null], { name: 'un' });
    const cases: [string, () => unknown][] = [
      ['num_outputs type should be one of', () => L.fullyConnected(x, 2.5)],
      ['Convolution expects input with rank 4, got 2', () => L.conv2d(x, 2, 3)],
      ["Invalid data_format: 'XX'", () => L.conv2d(i, 2, 3, { dataFormat: 'XX' as never })],
      ['data_format has to be either NCHW or NHWC.', () => L.batchNorm(x, { dataFormat: 'X' as never })],
      ['data_format has to be either NCHW or NHWC.', () => L.maxPool2d(i, 2, { dataFormat: 'NDHWC' })],
      [
        'renorm is not supported with batch_weights, updates_collections or zero_debias_moving_mean',
        () => L.batchNorm(x, { renorm: true, updatesCollections: null }),
      ],
      ['Shapes (2,) and (3,) are incompatible', () => L.batchNorm(x, { batchWeights: [1, 2, 3] })],
      ['`C` dimension must be known but is None', () => L.batchNorm(wide)],
      ['undefined rank', () => L.batchNorm(u)],
      ['Inputs u:0 has undefined rank.', () => L.batchNorm(u, { updatesCollections: null })],
      [
        'begin_params_axis (-1) and begin_norm_axis (2) must be < rank(inputs) (2)',
        () => L.layerNorm(x, { beginNormAxis: 2 }),
      ],
      ['Inputs un:0: shape(inputs)[-1:] is not fully defined: (2, ?)', () => L.layerNorm(wide)],
      ['Dims of shape must be known but is None', () => L.biasAdd(u)],
      ['Data format NCHW only supports 4D Tensor', () => L.biasAdd(x, { dataFormat: 'NCHW' })],
      ['rank of shape must be at least 2 not: 1', () => L.softmax(tf.placeholder('float32', [3]))],
      [
        'Must specify vocab size and embedding dimension when not reusing. Got vocab_size=None and embed_dim=None',
        () => L.embedSequence([1]),
      ],
      ['Variable q/embeddings does not exist', () => L.embedSequence([1], { scope: 'q', reuse: true })],
      ['stack_args need to be a list or tuple', () => L.stack(x, L.fullyConnected, 3 as never)],
      ['reuse=True cannot be used without a name_or_scope', () => L.fullyConnected(x, 2, { reuse: true })],
      ['Setting a scale less than 0 on a regularizer: -1.', () => L.l2Regularizer(-1)],
      ['The `kernel_size` argument must be a tuple of 2 integers.', () => L.separableConv2d(i, 2, [3, 3, 3])],
      ['No weights to regularize.', () => L.applyRegularization(L.l2Regularizer(0.1))],
    ];
    for (const [words, make] of cases) expectError('Value', words, make);
    expectError('Type', 'Unknown mode X', () => L.varianceScalingInitializer({ mode: 'X' as never }));
    expectError('Type', 'non-floating point type', () => L.xavierInitializer({ dtype: 'int32' }));
    return L.fullyConnected([[1, 2]], 2, { weightsInitializer: tf.onesInitializer() });
  });
  await b.init();
  expect(await b.run(y)).toEqual([[3, 3]]);
});
