/** @file Training with TFLearn: what fit does step by step, prints and writes; saving, loading, predicting; mistakes. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';
import { names, plain, expectError as refuses, expectRunError as refusesToRun } from './conformance/harness';

const T = tf.tflearn;
type State = tf.tflearn.callbacks.TrainingState;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tflearn-'));
  tf.logging.setVerbosity(tf.logging.ERROR);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  tf.logging.setVerbosity(tf.logging.WARN);
});

const inGraph = <R>(body: () => R): R => tf.withGraph(new tf.Graph(), body);
const X = [[0], [1], [2], [3], [4]];

interface LineOptions extends tf.tflearn.DNNOptions {
  readonly regression?: tf.tflearn.RegressionOptions;
  readonly preprocess?: (batch: tf.Value) => tf.Value;
}
/** y = W x + b, from 0. */
function line({ regression, preprocess, ...options }: LineOptions = {}) {
  return inGraph(() => {
    const dataPreprocessing = preprocess ? new T.DataPreprocessing() : null;
    if (preprocess) dataPreprocessing!.addCustomPreprocessing(preprocess);
    const x = T.inputData({ shape: [null, 1], dataPreprocessing, name: 'in' });
    const y = T.fullyConnected(x, 1, { weightsInit: 'zeros' });
    const net = T.regression(y, { optimizer: 'sgd', loss: 'mean_square', batchSize: 2, name: 'out', ...regression });
    return { y, net, model: new T.DNN(net, { tensorboardDir: folder, ...options }) };
  });
}
const rowsOf = (batch: tf.Value): number[] => Array.from(batch.data as ArrayLike<number>, Number);

/** Writes down what it is told. */
class Diary extends T.callbacks.Callback {
  readonly lines: string[] = [];
  override onTrainBegin() {
    this.lines.push('train');
  }
  override onEpochBegin({ epoch }: State) {
    this.lines.push(`epoch${epoch}`);
  }
  override async onBatchBegin({ step }: State) {
    this.lines.push(`batch${step}`);
  }
  override onSubBatchEnd({ currentIter, valLoss }: State, trainIndex = 0) {
    this.lines.push(`sub${trainIndex} ${currentIter} ${valLoss === null ? 'False' : 'True'}`);
  }
  override onBatchEnd(_: State, snapshot = false) {
    this.lines.push(`end ${snapshot ? 'True' : 'False'}`);
  }
  override onEpochEnd() {
    this.lines.push('epochend');
  }
  override onTrainEnd() {
    this.lines.push('trainend');
  }
}

test('fit: batches, snapshots, callbacks and checkpoints come as in TFLearn', async () => {
  const seen: number[][] = [];
  const preprocess = (batch: tf.Value) => {
    seen.push(rowsOf(batch));
    return batch;
  };
  const paths = { checkpointPath: join(folder, 'm'), bestCheckpointPath: join(folder, 'best'), maxCheckpoints: 2 };
  const { model } = line({ preprocess, ...paths, tensorboardDir: join(folder, 'logs') });
  const diary = new Diary();
  const validationSet = [
    [[10], [11], [12]],
    [[0], [1], [2]],
  ] as const;
  await model.fit(X, X, {
    nEpoch: 3,
    shuffle: false,
    callbacks: diary,
    validationSet,
    showMetric: true,
    snapshotStep: 2,
  });
  expect(diary.lines.join(' ')).toBe(
    [
      'train epoch1 batch1 sub0 2 False end False batch2 sub0 4 True end True batch3 sub0 5 True end True epochend',
      'epoch2 batch4 sub0 2 True end True batch5 sub0 4 False end False batch6 sub0 5 True end True epochend',
      'epoch3 batch7 sub0 2 False end False batch8 sub0 4 True end True batch9 sub0 5 True end True epochend trainend',
    ].join(' '),
  );
  const trained = seen.filter(([first]) => first! < 10);
  expect(trained).toEqual([[0, 1], [2, 3], [4], [4], [0, 1], [2, 3], [4], [4], [0, 1]]);
  const ofModel = (name: string) => ['data-00000-of-00001', 'index', 'meta'].map((end) => `${name}.${end}`);
  expect(readdirSync(folder).sort()).toEqual(
    [...ofModel('best3333'), 'checkpoint', 'logs', ...ofModel('m-8'), ...ofModel('m-9')].sort(),
  );
});

test("fit prints TFLearn's lines, without escapes where the output is no terminal", async () => {
  tf.logging.setVerbosity(tf.logging.WARN);
  const { model } = line();
  let printed = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  try {
    await model.fit(X, X, { nEpoch: 2, showMetric: true, validationSet: [X, X], runId: 'mine', shuffle: false });
  } finally {
    write.mockRestore();
  }
  const number = String.raw`-?\d+\.\d`;
  const expected = [
    '---------------------------------',
    'Run id: mine',
    `Log directory: ${folder}/`,
    '---------------------------------',
    'Training samples: 5',
    'Validation samples: 5',
    '--',
  ];
  for (const [epoch, step] of [
    [1, 3],
    [2, 6],
  ]) {
    expected.push(
      `Training Step: ${step}  \\| total loss: ${number}{5} \\| time: \\d+\\.\\d{3}s`,
      `\\| SGD \\| epoch: 00${epoch} \\| loss: ${number}{5} - binary_acc: ${number}{4} \\| val_loss: ${number}{5} - val_binary_acc: ${number}{4} -- iter: 5/5`,
      '--',
    );
  }
  expect(printed).toMatch(new RegExp(`^${expected.join('\n')}\n$`));
});

test('without a terminal and without snapshots fit prints the lines of the first and the last epoch', async () => {
  tf.logging.setVerbosity(tf.logging.WARN);
  const { model } = line();
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  let printed = '';
  try {
    await model.fit(X, X, { nEpoch: 4, showMetric: true, snapshotEpoch: false, shuffle: false });
    printed = write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
  expect([...printed.matchAll(/epoch: (\d+) \| loss: /g)].map(([, epoch]) => epoch)).toEqual(['001', '004']);
});

test('fit prints nothing where the verbosity leaves warnings out', async () => {
  const { model } = line();
  const write = jest.spyOn(process.stdout, 'write');
  await model.fit(X, X, { nEpoch: 1 });
  expect(write).not.toHaveBeenCalled();
  write.mockRestore();
});

test('fit writes the losses of each step but the first to an event file', async () => {
  const { model } = line();
  await model.fit(X, X, { nEpoch: 1, showMetric: true, validationSet: [X, X], runId: 'run', shuffle: false });
  const [file] = readdirSync(join(folder, 'run'));
  const events = [...tf.train.summaryIterator(join(folder, 'run', file!))];
  const tags = events.flatMap(({ step, summary }) =>
    summary ? [[Number(step), ...summary.value.map((v) => v.tag)]] : [],
  );
  const training = ['Loss', 'SGD/Loss/raw', 'BinaryAccuracy/__raw_', 'BinaryAccuracy'];
  expect(tags).toEqual([
    [2, ...training],
    [3, ...training],
    [3, 'Loss/Validation', 'BinaryAccuracy/Validation'],
  ]);
});

test('the training mode is on in each step and off in validation', async () => {
  const { model } = line();
  const mode = model.net.graph.getCollection<tf.Variable>('is_training')[0]!;
  const seen: unknown[] = [];
  class Look extends T.callbacks.Callback {
    override async onBatchEnd() {
      seen.push(plain(await model.session.run(mode)));
    }
  }
  const callbacks = new Look();
  await model.fit(X, X, { nEpoch: 1, validationSet: [X, X], callbacks });
  expect(seen).toEqual([true, true, false]);
});

test('a callback that throws ends the training, and the model works on', async () => {
  const { model } = line();
  class Stop extends T.callbacks.Callback {
    override onEpochEnd({ epoch }: State) {
      if (epoch === 2) throw new Error('enough');
    }
  }
  const diary = new Diary();
  await expect(model.fit(X, X, { nEpoch: 9, callbacks: [diary, new Stop()] })).rejects.toThrow('enough');
  expect(diary.lines.at(-1)).toBe('trainend');
  expect((await model.predict(X)).shape).toEqual([5, 1]);
});

test('validationSet as a fraction: so many rows are kept apart', async () => {
  const seen: number[][] = [];
  const { model } = line({
    preprocess: (batch) => {
      seen.push(rowsOf(batch));
      return batch;
    },
  });
  await model.fit(X, X, { nEpoch: 1, validationSet: 0.4, shuffle: false });
  expect(seen.map((batch) => batch.length)).toEqual([2, 1, 2]);
  expect(seen.flat().sort()).toEqual([0, 1, 2, 3, 4]);
});

test('shuffle: all rows, in another order', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [i]);
  const seen: number[] = [];
  const preprocess = (batch: tf.Value) => {
    seen.push(...rowsOf(batch));
    return batch;
  };
  const { model } = line({ preprocess });
  await model.fit(rows, rows, { nEpoch: 1 });
  expect(seen).not.toEqual(rows.flat());
  expect([...seen].sort((a, b) => a - b)).toEqual(rows.flat());
});

test('data by name, by placeholder, as a list and as a Value are the same', async () => {
  const losses = [];
  const list = X.map(([x]) => [2 * x!]);
  for (const kind of ['names', 'tensors', 'lists', 'values']) {
    const { model, net } = line();
    const [x, y] = {
      names: [{ in: X }, { out: list }],
      tensors: [new Map([[model.inputs[0]!, X]]), new Map([[net.placeholder!, list]])],
      lists: [X, list],
      values: [tf.Value.from(X), tf.Value.from(list)],
    }[kind] as [typeof X, typeof X];
    await model.fit(x, y, { nEpoch: 2, shuffle: false });
    losses.push(await model.fitBatch(x, y));
  }
  expect(losses[0]).toBeGreaterThan(1);
  expect(new Set(losses).size).toBe(1);
});

test('two inputs and two targets: rows go to each in its order, and exclTrainops leaves one out', async () => {
  const [a, b, model] = inGraph(() => {
    const [x, z] = [T.inputData({ shape: [null, 1] }), T.inputData({ shape: [null, 1] })];
    const layer = (incoming: tf.Tensor) => T.fullyConnected(incoming, 1, { weightsInit: 'zeros' });
    const options = { optimizer: 'sgd', loss: 'mean_square', learningRate: 0.01 };
    const [first, second] = [layer(x), layer(z)];
    const a = T.regression(first, { ...options, trainableVars: [first.W!] });
    const b = T.regression(second, { ...options, trainableVars: [second.W!] });
    return [a, b, new T.DNN(T.merge([a, b], 'concat'), { tensorboardDir: folder })] as const;
  });
  const [x, z] = [
    [[1], [2]],
    [[10], [20]],
  ];
  await model.fit([x!, z!], [x!, z!], { nEpoch: 1, exclTrainops: [model.trainOps[1]!] });
  expect(Number(await model.getWeights(a.W!))).toBeCloseTo(0.05, 6);
  expect(Number(await model.getWeights(b.W!))).toBe(0);
  await refusesToRun('Value', '1 inputs feeded, but expected: 2', () => model.fit([x!], [x!, z!]));
  await refusesToRun('Value', 'Multiple inputs but only one data feeded.', () => model.fit([1, 2], [x!, z!]));
});

test('save and load: all variables; with weightsOnly the steps begin anew; restore: false stays as it is', async () => {
  const build = () =>
    inGraph(() => {
      const kept = T.fullyConnected(T.inputData({ shape: [null, 1] }), 2);
      const fresh = T.fullyConnected(kept, 1, { restore: false, weightsInit: 'zeros' });
      const net = T.regression(fresh, { optimizer: 'adam', loss: 'mean_square' });
      return { kept, fresh, model: new T.DNN(net, { tensorboardDir: folder }) };
    });
  const [one, two] = [build(), build()];
  await one.model.fit(X, X, { nEpoch: 3 });
  const path = join(folder, 'model.tfl');
  expect(await one.model.save(path)).toBe(path);
  const weights = plain(await one.model.getWeights(one.kept.W!));
  expect(plain(await two.model.getWeights(two.kept.W!))).not.toEqual(weights);
  await two.model.load(path);
  expect(plain(await two.model.getWeights(two.kept.W!))).toEqual(weights);
  expect(plain(await two.model.getWeights(two.fresh.W!))).toEqual([[0], [0]]);
  expect(two.model.trainer.trainingState.step).toBe(3);
  await two.model.load(path, { weightsOnly: true });
  expect(plain(await two.model.getWeights(two.kept.W!))).toEqual(weights);
  expect(two.model.trainer.trainingState.step).toBe(0);
  await refusesToRun('Value', 'The passed save_path is not a valid checkpoint', () => two.model.load(`${path}.gone`));
});

test('load into another scope, or under names of your own', async () => {
  const { model } = line();
  await model.setWeights(model.getTrainVars()[0]!, [[7]]);
  const path = join(folder, 'model');
  await model.save(path);
  const scoped = inGraph(() =>
    tf.variableScope('outer', () => {
      const y = T.fullyConnected(T.inputData({ shape: [null, 1] }), 1);
      return { y, model: new T.DNN(T.regression(y, { loss: 'mean_square' })) };
    }),
  );
  const only = { weightsOnly: true } as const;
  await scoped.model.load(path, { ...only, scopeForRestore: 'outer' });
  expect(plain(await scoped.model.getWeights(scoped.y.W!))).toEqual([[7]]);
  await scoped.model.setWeights(scoped.y.W!, [[1]]);
  await scoped.model.load(path, { ...only, variableNameMap: ['outer/', ''], createNewSession: false });
  expect(plain(await scoped.model.getWeights(scoped.y.W!))).toEqual([[7]]);
});

test('predict, predictLabel and evaluate', async () => {
  const [y, model] = inGraph(() => {
    const y = T.fullyConnected(T.inputData({ shape: [null, 3] }), 3, { weightsInit: 'zeros' });
    return [y, new T.DNN(T.regression(y, { loss: 'softmax_categorical_crossentropy' }))] as const;
  });
  await model.setWeights(y.W!, [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
  const rows = [
    [1, 3, 2],
    [9, 7, 8],
    [0, 0.5, 1],
  ];
  expect(plain(await model.predict(rows))).toEqual(rows);
  expect(plain(await model.predictLabel(rows))).toEqual([
    [1, 2, 0],
    [0, 2, 1],
    [2, 1, 0],
  ]);
  const targets = [
    [0, 1, 0],
    [1, 0, 0],
    [1, 0, 0],
  ];
  const [accuracy] = await model.evaluate(rows, targets, { batchSize: 2 });
  expect(accuracy).toBeCloseTo(2 / 3, 6);
});

test('Evaluator: rows of several tensors together, and means over batches', async () => {
  const [x, double, square] = inGraph(() => {
    const x = T.inputData({ shape: [null] });
    return [x, x.mul(tf.getVariable('two', { initializer: 2 })), tf.square(x)] as const;
  });
  const session = new tf.Session({ graph: x.graph });
  await session.run(x.graph.asDefault(() => tf.globalVariablesInitializer()));
  const both = new T.Evaluator([double, square], { session });
  const feeds = new Map([[x, [1, 2, 3]]]);
  expect(await both.predict(feeds)).toEqual([
    [2, 1],
    [4, 4],
    [6, 9],
  ]);
  const mean = x.graph.asDefault(() => tf.reduceMean(square));
  expect(await both.evaluate(feeds, mean, { batchSize: 2 })).toEqual([14 / 3]);
});

test('SequenceGenerator: goes on from a seed, as text or as a list', async () => {
  const dictionary = { a: 0, b: 1, c: 2 };
  const generator = inGraph(() => {
    // After each element comes the next one: the net looks at the last step only.
    const x = T.inputData({ shape: [null, 4, 3] });
    const W = [
      [0, 99, 0],
      [0, 0, 99],
      [99, 0, 0],
    ];
    const last = tf.reshape(tf.slice(x, [0, 3, 0], [-1, 1, 3]), [-1, 3]);
    const net = T.fullyConnected(last, 3, { weightsInit: W, activation: 'softmax' });
    return new T.SequenceGenerator(T.regression(net), { dictionary, seqMaxlen: 4, tensorboardDir: folder });
  });
  expect(await generator.generate(5, { seqSeed: 'cabc' })).toBe('cabcabcab');
  expect(await generator.generate(2, { seqSeed: ['a', 'b', 'c', 'a'], temperature: 1 })).toEqual([...'abcabc']);
  await refusesToRun('Key', "'z' is not in the dictionary.", () => generator.generate(1, { seqSeed: 'zzzz' }));
  await refusesToRun('Value', 'The seed has 5 elements', () => generator.generate(1, { seqSeed: 'abcab' }));
});

test('layers, variables and placeholders are found again by name', () => {
  inGraph(() => {
    const x = T.inputData({ shape: [null, 2], name: 'data' });
    const a = T.fullyConnected(x, 3, { name: 'hidden' });
    const b = T.fullyConnected(a, 3, { name: 'hidden' });
    const net = T.regression(b, { name: 'wanted' });
    expect(T.getLayerByName('hidden_1')).toBe(b);
    expect(names(T.getLayerVariablesByName('hidden'))).toEqual(['hidden/W:0', 'hidden/b:0']);
    expect(names(T.getLayerVariablesByScope('hidden_1'))).toEqual(['hidden_1/W:0', 'hidden_1/b:0']);
    expect(T.getAllTrainableVariable()).toHaveLength(4);
    expect(T.variables.getInputsPlaceholderByName('data')).toBe(x);
    expect(T.variables.getTargetsPlaceholderByName('wanted')).toBe(net.placeholder);
    refuses('Value', 'No layer found for this name.', () => T.getLayerByName('nope'));
  });
});

test('layers of the first default graph make the training mode outside of their scopes, as the import of TFLearn does', () => {
  const y = tf.variableScope('outer', () => T.dropout(T.fullyConnected(tf.placeholder('float32', [null, 2]), 2), 0.5));
  expect(names(y.graph.getCollection<tf.Variable>('is_training'))).toEqual(['is_training:0']);
});

test('mistakes are told in the words of TFLearn', async () => {
  inGraph(() => {
    const image = tf.placeholder('float32', [3, 4, 4, 1]);
    const x = T.inputData({ shape: [null, 1] });
    const y = T.fullyConnected(x, 1);
    const mistakes: [tf.GraphError['code'], string, () => unknown][] = [
      ['Value', 'Invalid activation: nope', () => T.fullyConnected(x, 1, { activation: 'nope' })],
      ['Value', 'Invalid Activation.', () => T.fullyConnected(x, 1, { activation: 3 as never })],
      ['Value', 'Invalid objective: nope', () => T.regression(y, { loss: 'nope' })],
      ['Value', 'Invalid optimizer: nope', () => T.regression(y, { optimizer: 'nope' })],
      ['Value', 'Invalid metrics: nope', () => T.regression(y, { metric: 'nope' })],
      ['Value', 'Invalid initializations: nope', () => T.fullyConnected(y, 1, { weightsInit: 'nope' })],
      ['Value', 'Invalid regularizer: nope', () => T.fullyConnected(y, 1, { regularizer: 'nope' })],
      ['Assertion', 'Incoming Tensor shape must be 4-D, not 2-D', () => T.conv2d(y, 1, 1)],
      [
        'Assertion',
        'Incoming Tensor shape must be at least 2-D',
        () => T.fullyConnected(tf.placeholder('float32', [3]), 1),
      ],
      ['Assertion', 'Merge required 2 or more tensors.', () => T.merge([y], 'concat')],
      ['Value', 'Unknown merge mode nope', () => T.merge([y, y], 'nope' as never)],
      ['Assertion', 'Input dim should be at least 3.', () => T.lstm(y, 2)],
      [
        'Value',
        "Unknown padding! Accepted values: 'same', 'valid'.",
        () => T.maxPool2d(image, 2, { padding: 'x' as never }),
      ],
      ['Value', 'filter length error: 3, only a length of 2 is supported.', () => T.conv2d(image, 2, [1, 2, 3])],
      [
        'Value',
        'strides length error: 3, only a length of 2 or 4',
        () => T.conv2d(image, 2, 1, { strides: [1, 2, 3] }),
      ],
      ['Value', 'output_shape length error: 1, only a length of 2 or 3', () => T.conv2dTranspose(image, 2, 1, [1])],
      ['Value', 'Learning rate decay but no step_tensor provided.', () => new T.SGD({ lrDecay: 0.5 }).getTensor()],
      ['Value', 'Unknown Loss type', () => new T.TrainOp(3 as never, new tf.train.GradientDescentOptimizer(1))],
      ['Value', "Metric class Tensor hasn't be built.", () => new T.R2().getTensor()],
      ['Assertion', 'Incoming Tensor shape must be 2-D', () => T.embedding(tf.placeholder('float32', [3]), 2, 3)],
      [
        'Assertion',
        'RNN Cells number of units must match!',
        () => T.bidirectionalRnn(x, new T.GRUCell(2), new T.GRUCell(3)),
      ],
      ['Value', 'Either a `shape` or `placeholder` argument is required', () => T.inputData()],
      ['Assertion', "'network' arg is not a Tensor!", () => new T.DNN(3 as never)],
      ['Value', "'n_classes' is required when using 'to_one_hot'.", () => T.regression(y, { toOneHot: true })],
      [
        'Value',
        'Parameter input_keep_prob must be between 0 and 1: 1',
        () => new T.DropoutWrapper(new T.GRUCell(2), { inputKeepProb: 1.5 }),
      ],
      ['Value', "Summary doesn't exist, a value must be specified", () => T.summaries.getSummary('scalar', 'zz')],
    ];
    for (const [code, words, make] of mistakes) refuses(code, words, make);
  });
  const { model } = line();
  const asked = "Feed dict asks for variable named 'nope' but no such variable is known to exist";
  await refusesToRun('Value', asked, () => model.fit({ nope: X }, X));
  await refusesToRun('Value', 'validation_set must be a tuple or list: (valX, valY), 3', () =>
    model.fit(X, X, { validationSet: 3 }),
  );
  await refusesToRun('Value', 'TargetsData/Y:0 has 1 rows of data', async () =>
    line({ regression: { name: null } }).model.fit(X, [[1]]),
  );
  await model.fit(X, X, { nEpoch: 1 });
  const bare = inGraph(() => new T.DNN(T.fullyConnected(T.inputData({ shape: [null, 1] }), 1)));
  await refusesToRun('Value', 'tf collection "trainops" is empty!', () => bare.fit(X, X));
  refuses('Value', 'No input data!', () =>
    inGraph(() => new T.DNN(T.fullyConnected(tf.placeholder('float32', [null, 1]), 1))),
  );
  refuses('Value', 'Reminder: Custom loss function arguments must be defined as: custom_loss(y_pred, y_true).', () =>
    inGraph(() => T.regression(T.fullyConnected(T.inputData({ shape: [null, 1] }), 1), { loss: () => tf.add(1, 'x') })),
  );
});
