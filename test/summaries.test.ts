/** @file tf.summary: the bytes of Summary messages, tags, collections and refusals; figures from TensorFlow 1.15.5. */
import { inflateSync } from 'node:zlib';
import * as tf from '../src';
import { histogramOf, merge, mergeAll, scalar } from '../src/ops/summary';
import { audio, image } from '../src/ops/summary_media';
import { tensorSummary, text } from '../src/ops/summary_tensor';

let session: tf.Session;
beforeEach(() => {
  tf.resetDefaultGraph();
  session = new tf.Session({ graph: tf.getDefaultGraph() });
});
afterEach(() => session.close());

const typed = (dtype: tf.DType, x: tf.Nested, shape?: number[]): tf.Tensor => {
  const value = tf.Value.from(x, dtype);
  return tf.constant(shape ? new tf.Value(dtype, shape, value.data) : value);
};
async function bytes(summary: tf.Tensor, feedDict: [string, tf.Value][] = []): Promise<Buffer> {
  const { data } = (await session.run(summary, { feedDict })) as tf.Value;
  return Buffer.from(data[0] as unknown as Uint8Array);
}
const hex = async (summary: tf.Tensor): Promise<string> => (await bytes(summary)).toString('hex');
const ph = (name: string) => tf.placeholder('float32', { name });
const zeros = (shape: number[]) => tf.Value.zeros('float32', shape);

// ---- pictures -----------------------------------------------------------------------------------------------------

type Field = number | Buffer;
/** The fields of a message by number; later ones of one number win. */
function fields(message: Buffer): Map<number, Field> {
  const found = new Map<number, Field>();
  let at = 0;
  const varint = (): number => {
    let n = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]!;
      n += (byte & 127) * scale;
      if (byte < 128) return n;
    }
  };
  while (at < message.length) {
    const key = varint();
    if ((key & 7) === 0) found.set(key >> 3, varint());
    else {
      const size = varint();
      found.set(key >> 3, message.subarray(at, at + size));
      at += size;
    }
  }
  return found;
}
/** Tag, size and pixels of the last picture in a Summary. */
function picture(summary: Buffer) {
  const value = fields(fields(summary).get(1) as Buffer);
  const [height, width, depth, png] = [1, 2, 3, 4].map((n) => fields(value.get(4) as Buffer).get(n)) as [
    number,
    number,
    number,
    Buffer,
  ];
  const at = png.indexOf('IDAT');
  const lines = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const row = width * depth + 1;
  const pixels = [...lines].filter((_, i) => i % row > 0);
  return {
    tag: String(value.get(1)),
    size: [height, width, depth],
    pixels,
    header: png.subarray(0, 29).toString('hex'),
  };
}

describe('image', () => {
  const SIGNED = [0.1, 0.5, -0.3, 2, 1, 0.7, 3, -4, 1e-3, Number.NaN, 1, 2];
  const POSITIVE = [0.1, 0.5, 0.3, 2, 1, 0.7, 3, 4, 1e-3, Number.POSITIVE_INFINITY, 1, 2];

  test.each(['float32', 'float16', 'float64'] as const)(
    '%s is scaled, and what is not finite is red',
    async (dtype) => {
      const signed = picture(await bytes(image('i', typed(dtype, SIGNED, [1, 2, 2, 3]))));
      expect([signed.tag, signed.size]).toEqual(['i/image/0', [2, 2, 3]]);
      expect(signed.pixels).toEqual([131, 143, 118, 191, 159, 150, 223, 1, 128, 255, 0, 0]);
      const positive = picture(await bytes(image('j', typed(dtype, POSITIVE, [1, 4, 1, 3]), { maxOutputs: 1 })));
      expect([positive.tag, positive.size]).toEqual(['j/image', [4, 1, 3]]);
      expect(positive.pixels).toEqual([6, 31, 19, 127, 63, 44, 191, 255, 0, 255, 0, 0]);
    },
  );

  test('uint8 is kept as it is, with four channels too', async () => {
    const cells = Array.from({ length: 12 }, (_, i) => 200 + i);
    const found = picture(await bytes(image('i', typed('uint8', cells, [1, 1, 3, 4]))));
    expect([found.size, found.pixels]).toEqual([[1, 3, 4], cells]);
    // Signature, and a header of 3 x 1 pixels of 8 bits with alpha.
    expect(found.header).toBe('89504e470d0a1a0a0000000d4948445200000003000000010806000000');
  });

  test('what is about 0 everywhere is black, and an empty batch gives an empty summary', async () => {
    expect(picture(await bytes(image('i', tf.zeros([1, 2, 2, 1])))).pixels).toEqual([0, 0, 0, 0]);
    expect(picture(await bytes(image('k', tf.constant([[[[1e-7]]]])))).pixels).toEqual([0]);
    expect(await hex(image('j', tf.zeros([0, 2, 2, 1])))).toBe('');
  });

  test('refuses other shapes, types and counts', async () => {
    image('i', ph('x'));
    const run = (shape: number[]) => bytes(tf.getDefaultGraph().getTensorByName('i:0'), [['x:0', zeros(shape)]]);
    const refused = (words: string) => ({ code: 'InvalidArgument', message: expect.stringContaining(words) });
    await expect(run([1, 2])).rejects.toMatchObject(refused('Tensor must be 4-D with last dim 1, 3, or 4, not [1,2]'));
    await expect(run([1, 2, 2, 2])).rejects.toMatchObject(refused('with last dim 1, 3, or 4, not [1,2,2,2]'));
    const none = 'input tensor must have non-zero dims. Found: [1, 0, 2, 1].';
    await expect(run([1, 0, 2, 1])).rejects.toMatchObject(refused(none));
    expect(picture(await run([1, 1, 1, 1])).pixels).toEqual([0]);
    const integers = () => image('j', tf.zeros([1, 1, 1, 1], 'int32'));
    expect(integers).toThrow("Value passed to parameter 'tensor' has DataType int32 not in list of allowed values");
    const few = () => image('k', tf.zeros([1, 1, 1, 1]), { maxOutputs: 0 });
    expect(few).toThrow("Attr 'max_images' of 'ImageSummary' Op passed 0 less than minimum 1.");
  });
});

// ---- sounds -------------------------------------------------------------------------------------------------------

describe('audio', () => {
  test('is a WAV file of 16 bits, cut at -1 and 1', async () => {
    const cells = [0, 1, -1, 0.5, -0.5, 1.5, -2, 1e-5, 0.25000763, 0.00001526, 0.99996948, -0.00004578];
    const sounds = typed('float32', cells, [2, 3, 2]);
    expect(await hex(audio('a_1', sounds, 8000.5, { maxOutputs: 1 }))).toBe(
      '0a5b0a09615f312f617564696f324e0d0004fa45100218032238524946463000000057415645666d74201000000001000200401f0000007d' +
        '000004001000646174610c0000000000ff7f0080004000c0ff7f2a09617564696f2f776176',
    );
  });
  test('refuses other ranks, nothing, and a rate of 0', async () => {
    audio('a', ph('x'), 8000);
    const run = (shape: number[]) => bytes(tf.getDefaultGraph().getTensorByName('a:0'), [['x:0', zeros(shape)]]);
    const refused = (words: string) => ({ code: 'InvalidArgument', message: expect.stringContaining(words) });
    await expect(run([2])).rejects.toMatchObject(refused('Tensor must be 3-D or 2-D, got: [2]'));
    await expect(run([1, 0])).rejects.toMatchObject(refused('audio is null'));
    await expect(bytes(audio('b', tf.zeros([1, 2]), 0))).rejects.toMatchObject(refused('sample_rate must be > 0'));
  });
});

// ---- tensors and texts --------------------------------------------------------------------------------------------

describe('a whole tensor', () => {
  test('of numbers lies as in memory', async () => {
    expect(
      await hex(
        tensorSummary(
          't_3',
          typed('int64', [
            [1, 2, 0],
            [5, 7, 100],
          ]),
        ),
      ),
    ).toBe(
      '0a470a03745f33423e0809120812020802120208032230010000000000000002000000000000000000000000000000050000000000000007' +
        '0000000000000064000000000000004a00',
    );
  });
  test('of float16 has its 16 bits', async () => {
    const cells = [1.5, -2.3, 6e-8, 1e-5, 70000, Number.NaN, -0, 1 / 3];
    expect(await hex(tensorSummary('t_11', typed('float16', cells)))).toBe(
      '0a240a04745f3131421a08131204120208082210003e9ac00100a800007c007e008055354a00',
    );
  });
  test('of texts lists them', async () => {
    const words = '0a1b0a04745f31324211080712041202080342016142004202c3a94a00';
    expect(await hex(tensorSummary('t_12', tf.constant(['a', '', '\u00e9'])))).toBe(words);
    expect(await hex(text('t_15', tf.constant('hello')))).toBe(
      '0a1d0a04745f3135420b08071200420568656c6c6f4a080a060a0474657874',
    );
  });
  test('text refuses numbers', () => {
    const number = () => text('a', typed('int32', 1));
    expect(number).toThrow("Expected tensor Const:0 to have dtype string, got <dtype: 'int32'>");
  });
});

// ---- numbers ------------------------------------------------------------------------------------------------------

test('a histogram has the limits, counts and sums of TensorFlow', async () => {
  expect(await hex(histogramOf('h_1', typed('int64', [0, 0, 5, -5, 1000000])))).toBe(
    '0ac9010a03685f312ac1010900000000000014c0110000000080842e41190000000000001440210000000080842e4129004006a2941a6d4232' +
      '48d8b276a9356614c021d10e9a768b12c0000000000000000011ea2d819997713d21d10e9a768b1240d8b276a935661440f3066d0c0f1e2c41' +
      '0cee775added2e41ffffffffffffef7f3a480000000000000000000000000000f03f000000000000000000000000000000400000000000000000' +
      '000000000000f03f0000000000000000000000000000f03f0000000000000000',
  );
});
test('a histogram of a constant that is not finite fails the run, and names the op', async () => {
  const failed = { code: 'InvalidArgument', message: expect.stringContaining('Nan in summary histogram for: h') };
  await expect(bytes(histogramOf('h', tf.constant([Number.NaN])))).rejects.toMatchObject(failed);
  const infinite = expect.stringContaining('Infinity in summary histogram for: h_1');
  await expect(bytes(histogramOf('h', tf.constant([-1 / 0])))).rejects.toMatchObject({ message: infinite });
  expect(await hex(scalar('s', 0))).toBe('0a080a01731500000000');
});

// ---- names, families, collections ---------------------------------------------------------------------------------

test('a family stands before the scope in the tag, and only once in the name', async () => {
  const summary = tf.nameScope('ns', () => scalar('a b', tf.constant(1), { family: 'f!' }));
  expect(summary.op.name).toBe('ns/f_/a_b');
  expect(tf.getDefaultGraph().getOperationByName('ns/f_/a_b/tags').attrs).toMatchObject({
    value: { data: ['f_/ns/f_/a_b'] },
  });
});
test('a letter that is none of a scope name is refused', () => {
  expect(() => scalar('\u00e9', 1)).toThrow("'\u00e9' is not a valid scope name");
});
test('collections are those asked for; merging all takes those of a scope', async () => {
  const a = scalar('one/a', 1);
  const b = scalar('two/b', 2, { collections: ['mine', 'yours'] });
  const c = scalar('two/c', 2);
  expect(tf.getCollection(tf.GraphKeys.SUMMARIES)).toEqual([a, c]);
  expect([tf.getCollection('mine'), tf.getCollection('yours')]).toEqual([[b], [b]]);
  const merged = mergeAll(undefined, { scope: 'two', name: 'm n' })!;
  expect([merged.op.name, merged.op.inputs]).toEqual(['m_n/m_n', [c]]);
  expect(mergeAll('nobody')).toBeNull();
  expect(await hex(merge([scalar('u', 1), scalar('v', 2)]))).toBe('0a080a0175150000803f0a080a01761500000040');
  const twice = { code: 'InvalidArgument', message: expect.stringContaining('Duplicate tag one/a found in summary') };
  await expect(bytes(merge([merge([a]), a]))).rejects.toMatchObject(twice);
});
