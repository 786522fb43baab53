/** @file TensorFlow's binary messages: what its files hold, what is written back, and what damaged files answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../src/errors';
import { decodeAttr, encodeAttr } from '../src/interop/attrs';
import { kindOfFile, readGraphDef, readMetaGraph, writeGraphDef, writeMetaGraph } from '../src/interop/messages';
import {
  AttrValueSchema,
  EventSchema,
  type MetaGraphDef,
  SavedModelSchema,
  TensorProtoSchema,
} from '../src/interop/proto/tensorflow_pb';
import { decodeTensor, encodeTensor } from '../src/interop/tensor_proto';
import { arrayOf, type DType } from '../src/value/dtype';
import { Value } from '../src/value/value';

/** Written by TensorFlow 1.15.5. */
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(join(__dirname, 'data/meta', `${name}.meta`)));
const FILES = ['s_nan', 'k_const_encodings'];

function codeOf(f: () => unknown): string | null {
  try {
    f();
    return null;
  } catch (e) {
    if (e instanceof GraphError) return e.code;
    throw e;
  }
}
const dims = (...sizes: number[]) => ({ dim: sizes.map((d) => ({ size: BigInt(d) })) });
const tensor = (init: MessageInitShape<typeof TensorProtoSchema>) => decodeTensor(create(TensorProtoSchema, init));
const cells = (v: Value): unknown[] => Array.from(v.data as unknown as ArrayLike<unknown>);
const bytes = (...x: number[]): Uint8Array => new Uint8Array(x);

/** Reads everything there is to read. */
function decodeAll(meta: MetaGraphDef): void {
  for (const node of meta.graphDef?.node ?? []) for (const attr of Object.values(node.attr)) decodeAttr(attr);
}
/** Numbers of [0, n), always the same. */
function dice(seed: number): (n: number) => number {
  let s = seed;
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return Math.floor((s / 2 ** 32) * n);
  };
}

describe('files of TensorFlow', () => {
  test.each(FILES)('%s is written back byte by byte', (name) => {
    const file = load(name);
    const meta = readMetaGraph(file);
    expect(writeMetaGraph(meta)).toEqual(file);
    const graph = writeGraphDef(meta.graphDef!);
    expect(readGraphDef(graph)).toEqual(meta.graphDef);
  });

  test('nodes and attrs have the values TensorFlow gave them', () => {
    const { node } = readMetaGraph(load('s_nan')).graphDef!;
    const attrs = Object.fromEntries(
      node.map((n) => [n.name, Object.fromEntries(Object.entries(n.attr).map(([k, a]) => [k, decodeAttr(a)]))]),
    );
    expect(attrs.v).toMatchObject({ dtype: 'float32', shape: [3], container: '', _output_shapes: [[3]] });
    expect(attrs['v/Assign']).toMatchObject({ _class: ['loc:@v'], T: 'float32', validate_shape: true });
    expect(cells(attrs['v/initial_value']!.value as Value)).toEqual([1, Number.NaN, Number.POSITIVE_INFINITY]);
  });

  test('lists shorter than the tensor repeat their last element', () => {
    const { node } = readMetaGraph(load('k_const_encodings')).graphDef!;
    const values = Object.fromEntries(
      node.filter((n) => n.op === 'Const').map((n) => [n.name, decodeAttr(n.attr.value!) as Value]),
    );
    expect(cells(values.Const!)).toEqual([7, 7, 7, 7, 7, 7]);
    expect(cells(values.Const_1!)).toEqual([1, 2, 3, 3, 3]);
    expect(cells(values.Const_3!)).toEqual([1, 1, 1]);
    expect(cells(values.Const_4!)).toEqual(['x', 'x', 'x']);
    expect(cells(values.Const_8!)).toEqual(new Array(16).fill(-2n));
    expect(values.Const_6).toMatchObject({ dtype: 'int64', shape: [0, 4] });
  });

  test.each(FILES)('the attrs of %s come back as they were, without their definitions', (name) => {
    for (const node of readMetaGraph(load(name)).graphDef!.node) {
      for (const [key, attr] of Object.entries(node.attr)) {
        if (key === 'shape') continue; // without its definition, a shape is a list of ints
        const x = decodeAttr(attr);
        expect([node.name, key, decodeAttr(encodeAttr(x))]).toEqual([node.name, key, x]);
      }
    }
  });

  test('the kinds of files are told apart', () => {
    const meta = readMetaGraph(load('s_nan'));
    expect(kindOfFile(load('s_nan'))).toBe('MetaGraphDef');
    expect(kindOfFile(writeGraphDef(meta.graphDef!))).toBe('GraphDef');
    const saved = create(SavedModelSchema, { savedModelSchemaVersion: 1n, metaGraphs: [meta] });
    expect(kindOfFile(toBinary(SavedModelSchema, saved))).toBe('SavedModel');
    expect(kindOfFile(new TextEncoder().encode('node {\n  name: "a"\n}\n'))).toBe('text');
    expect(kindOfFile(bytes())).toBeNull();
    expect(kindOfFile(bytes(255, 255, 255))).toBeNull();
    expect(() => readMetaGraph(writeGraphDef(meta.graphDef!))).toThrow('It seems to be a GraphDef.');
    expect(() => readGraphDef(load('s_nan'))).toThrow('It seems to be a MetaGraphDef.');
    expect(() => readGraphDef(new TextEncoder().encode('node {\n  name: "a"\n}\n'))).toThrow('It seems to be text');
  });

  test('events keep their graph as bytes', () => {
    const graph = bytes(1, 2, 3);
    const event = create(EventSchema, { wallTime: 1.5, step: 7n, what: { case: 'graphDef', value: graph } });
    expect(toBinary(EventSchema, event)).toEqual(bytes(9, 0, 0, 0, 0, 0, 0, 248, 63, 16, 7, 34, 3, 1, 2, 3));
    expect(fromBinary(EventSchema, toBinary(EventSchema, event))).toEqual(event);
  });
});

describe('damaged files', () => {
  test('a file cut anywhere raises DataLoss, except between two parts after the graph', () => {
    const file = load('s_nan');
    const whole: number[] = [];
    for (let n = 0; n < file.length; n++) {
      const code = codeOf(() => decodeAll(readMetaGraph(file.subarray(0, n))));
      if (code === null) whole.push(n);
      else expect(code).toBe('DataLoss');
    }
    expect(whole).toEqual([1924, 1999]);
  });

  test('the message says where', () => {
    const file = load('s_nan');
    expect(() => readMetaGraph(file.subarray(0, 1000))).toThrow(
      /at byte \d+, in graph_def: \d+ bytes are to come, but only/,
    );
    // A length that runs past the message around it, which the protobuf runtime itself lets pass.
    expect(() => readGraphDef(bytes(10, 8, 10, 1, 97, 18, 90, 78, 111, 79, 112))).toThrow(
      'in node.op: 90 bytes are to come',
    );
    // The name as a number.
    expect(() => readGraphDef(bytes(10, 2, 8, 1))).toThrow('in node.name: it is of wire type 0 in place of 2');
  });

  test('random bytes and flipped bits raise GraphErrors or are read', () => {
    const roll = dice(7);
    const outcomes = new Set<string | null>();
    for (let i = 0; i < 3000; i++) {
      const noise = Uint8Array.from({ length: roll(200) }, () => roll(256));
      outcomes.add(codeOf(() => readGraphDef(noise)));
      outcomes.add(codeOf(() => decodeAll(readMetaGraph(noise))));
      kindOfFile(noise);
    }
    const file = load('k_const_encodings');
    for (let i = 0; i < 3000; i++) {
      const damaged = file.slice();
      for (let k = roll(3); k >= 0; k--) damaged[roll(file.length)]! ^= 1 << roll(8);
      outcomes.add(codeOf(() => decodeAll(readMetaGraph(damaged))));
    }
    for (const code of outcomes) expect([null, 'DataLoss', 'InvalidArgument', 'Unimplemented']).toContain(code);
  });

  test('messages nested without end are refused', () => {
    let attr: Uint8Array = bytes();
    const wrap = (tag: number, body: Uint8Array): Uint8Array => {
      const size = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
      return bytes(tag, ...size, ...body);
    };
    // An attr with a function with an attr with a function ...
    for (let i = 0; i < 400; i++) attr = wrap(0x52, wrap(0x12, wrap(0x12, attr)));
    const node = wrap(10, bytes(10, 1, 97, 18, 1, 98, ...wrap(42, wrap(18, attr))));
    expect(() => readGraphDef(node)).toThrow('nested too deep');
  });
});

describe('tensors', () => {
  const SAMPLES: readonly (readonly [DType, readonly unknown[]])[] = [
    ['float32', [1.5, -0, Number.NaN]],
    ['float64', [Math.PI, 1e300, -1]],
    ['float16', [1.5, 65504, -(2 ** -24)]],
    ['bfloat16', [1.5, 2 ** 100, -0]],
    ['int8', [-128, 127, 0]],
    ['int16', [-32768, 32767, 0]],
    ['int32', [-(2 ** 31), 2 ** 31 - 1, 0]],
    ['int64', [-(2n ** 63n), 2n ** 63n - 1n, 0n]],
    ['uint8', [0, 255, 7]],
    ['uint16', [0, 65535, 7]],
    ['uint32', [0, 2 ** 32 - 1, 7]],
    ['uint64', [0n, 2n ** 64n - 1n, 7n]],
    ['bool', [1, 0, 1]],
    ['string', ['', 'grüß \ufeff', '\ufeffmark first']],
    ['qint8', [-1, 2, 3]],
    ['quint8', [1, 2, 255]],
    ['qint16', [-1, 2, 3]],
    ['quint16', [1, 2, 65535]],
    ['qint32', [-1, 2, 3]],
  ];
  test.each(SAMPLES)('%s comes back, as a vector, as a scalar, and from a plain list', (dtype, list) => {
    for (const [shape, own] of [
      [[3], list],
      [[], list.slice(1, 2)],
      [[0, 2], []],
    ] as const) {
      for (const data of [own, Value.cells(dtype, shape, own).data]) {
        const proto = encodeTensor(new Value(dtype, shape, data as ArrayLike<number>));
        const back = decodeTensor(fromBinary(TensorProtoSchema, toBinary(TensorProtoSchema, proto)));
        expect(back).toMatchObject({ dtype, shape });
        expect(cells(back)).toEqual(own);
        expect(back.data.constructor).toBe(arrayOf(dtype));
      }
    }
  });

  test('half floats keep to 16 bits in both forms', () => {
    const content = bytes(0, 0x3c, 1, 0x80, 0, 0x7c, 1, 0x7e);
    const expected = [1, -(2 ** -24), Number.POSITIVE_INFINITY, Number.NaN];
    expect(cells(tensor({ dtype: 19, tensorShape: dims(4), tensorContent: content }))).toEqual(expected);
    const listed = tensor({ dtype: 19, tensorShape: dims(4), halfVal: [0x3c00, 0x8001, 0x7c00, 0x7e01] });
    expect(cells(listed)).toEqual(expected);
    const wide = new Value('float16', [3], new Float32Array([70000, 1.9999, -1e-9]) as never);
    expect(cells(decodeTensor(encodeTensor(wide)))).toEqual([Number.POSITIVE_INFINITY, 2, -0]);
    expect(cells(tensor({ dtype: 14, tensorShape: dims(1), halfVal: [0xc000] }))).toEqual([-2]);
  });

  test('texts that are not UTF-8 stay bytes', () => {
    const binary = bytes(0xff, 0);
    const value = tensor({ dtype: 7, tensorShape: dims(2), stringVal: [bytes(97), binary] });
    expect(cells(value)).toEqual(['a', binary]);
    expect(encodeTensor(value).stringVal).toEqual([bytes(97), binary]);
  });

  test('strings packed as TensorFlow’s core packs them', () => {
    const packed = (content: Uint8Array) => tensor({ dtype: 7, tensorShape: dims(3), tensorContent: content });
    expect(cells(packed(bytes(1, 0, 2, 97, 98, 99)))).toEqual(['a', '', 'bc']);
    for (const broken of [bytes(1, 0, 2, 97, 98), bytes(1, 0), bytes(1, 0, 2, 97, 98, 99, 100), bytes(128, 128)]) {
      expect(codeOf(() => packed(broken))).toBe('DataLoss');
    }
  });

  test('an empty list is zeros, any byte but 0 is true', () => {
    expect(cells(tensor({ dtype: 1, tensorShape: dims(2) }))).toEqual([0, 0]);
    expect(cells(tensor({ dtype: 7, tensorShape: dims(2) }))).toEqual(['', '']);
    expect(cells(tensor({ dtype: 9, tensorShape: dims(1) }))).toEqual([0n]);
    expect(cells(tensor({ dtype: 10, tensorShape: dims(2), tensorContent: bytes(7, 0) }))).toEqual([1, 0]);
  });

  test('what cannot be a tensor says so', () => {
    const content = bytes(0, 0, 0);
    expect(codeOf(() => tensor({ dtype: 1, tensorShape: dims(1), tensorContent: content }))).toBe('DataLoss');
    expect(codeOf(() => tensor({ dtype: 1, tensorShape: dims(1), floatVal: [1, 2] }))).toBe('InvalidArgument');
    expect(codeOf(() => tensor({ dtype: 1, tensorShape: dims(-1) }))).toBe('InvalidArgument');
    expect(codeOf(() => tensor({ dtype: 1, tensorShape: { unknownRank: true } }))).toBe('InvalidArgument');
    expect(codeOf(() => tensor({ dtype: 1, tensorShape: dims(2 ** 40), floatVal: [1] }))).toBe('InvalidArgument');
    expect(codeOf(() => tensor({ dtype: 7, tensorShape: dims(2 ** 30), stringVal: [bytes(1)] }))).toBe(
      'InvalidArgument',
    );
    expect(codeOf(() => tensor({ dtype: 99 }))).toBe('InvalidArgument');
    expect(codeOf(() => tensor({ dtype: 8, scomplexVal: [1, 2] }))).toBe('Unimplemented');
    expect(codeOf(() => encodeTensor(new Value('complex64', [], ['x'])))).toBe('Unimplemented');
  });
});

describe('attrs', () => {
  const back = (x: unknown, kind: Parameters<typeof encodeAttr>[1]): unknown =>
    decodeAttr(fromBinary(AttrValueSchema, toBinary(AttrValueSchema, encodeAttr(x, kind))));

  test('each kind comes back', () => {
    expect(back(3, { kind: 'int' })).toBe(3);
    expect(back(2 ** 53 - 1, { kind: 'int' })).toBe(2 ** 53 - 1);
    expect(back(2n ** 60n, { kind: 'int' })).toBe(2n ** 60n);
    expect(back(0.5, { kind: 'float' })).toBe(0.5);
    expect(back(true, { kind: 'bool' })).toBe(true);
    expect(back('\ufeffx', { kind: 'string' })).toBe('\ufeffx');
    expect(back(bytes(255), { kind: 'string' })).toEqual(bytes(255));
    expect(back('float32_ref', { kind: 'type' })).toBe('float32_ref');
    expect(back('invalid', { kind: 'type' })).toBe('invalid');
    expect(back([2, null], { kind: 'shape' })).toEqual([2, null]);
    expect(back([], { kind: 'shape' })).toEqual([]);
    expect(back(null, { kind: 'shape' })).toBeNull();
    expect(back([[2], null, []], { kind: 'shape', list: true })).toEqual([[2], null, []]);
    expect(back([1, 2 ** 40], { kind: 'int', list: true })).toEqual([1, 2 ** 40]);
    expect(back([0.5], { kind: 'float', list: true })).toEqual([0.5]);
    expect(back([false], { kind: 'bool', list: true })).toEqual([false]);
    expect(back(['a', ''], { kind: 'string', list: true })).toEqual(['a', '']);
    expect(back(['int32', 'bool'], { kind: 'type', list: true })).toEqual(['int32', 'bool']);
    expect(back([], { kind: 'type', list: true })).toEqual([]);
    const value = Value.from([[1, 2]]);
    expect(back(value, { kind: 'tensor' })).toEqual(value);
    const func = { func: 'f', attr: { T: 'int32', n: 2, inner: { func: 'g', attr: {} } } };
    expect(back(func, { kind: 'func' })).toEqual(func);
    expect(back({ func: 'f' }, { kind: 'func' })).toEqual({ func: 'f', attr: {} });
  });

  test('a type that does not exist is refused', () => {
    expect(codeOf(() => encodeAttr('float31', { kind: 'type' }))).toBe('InvalidArgument');
    expect(codeOf(() => decodeAttr(create(AttrValueSchema, { value: { case: 'type', value: 77 } })))).toBe(
      'InvalidArgument',
    );
  });

  test('attrs without a definition: shapes and types are known by their looks', () => {
    const caseOf = (x: unknown) => encodeAttr(x).value;
    expect(caseOf('float32')).toMatchObject({ case: 'type', value: 1 });
    expect(caseOf(['loc:@v'])).toMatchObject({ case: 'list', value: { s: [new TextEncoder().encode('loc:@v')] } });
    expect(caseOf(null)).toMatchObject({ case: 'shape', value: { unknownRank: true } });
    expect(caseOf([2, null])).toMatchObject({ case: 'shape' });
    for (const shapes of [[[2, null], null], [null], [[]]]) expect(decodeAttr(encodeAttr(shapes))).toEqual(shapes);
  });
});
