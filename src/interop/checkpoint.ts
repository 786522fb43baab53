/** @file Checkpoints as TensorFlow writes them (tensor bundles): an index of tensors, and their bytes. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { keepCheckpoints } from '../ops/checkpoint';
import { arrayOf, bytesOf, type Cells, type DType } from '../value/dtype';
import { sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { crc32c, masked } from './crc32c';
import { TensorProtoSchema, TensorShapeProtoSchema } from './proto/tensorflow_pb';
import { compareBytes, fixed32, Reader, readTable, varint, writeTable } from './table';
import { bytesOfText, decodeTensor, encodeTensor, textOf } from './tensor_proto';
import { dtypeNumber, dtypeOf } from './types';

/** What the index says of a tensor. */
export interface CheckpointEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
  /** Of its bytes, masked. */
  readonly crc: number;
  readonly shard: number;
}

/** num_shards, version { producer 1 } */
const header = (shards: number): Uint8Array => Uint8Array.from([0x08, ...varint(shards), 0x1a, 0x02, 0x08, 0x01]);
const shardFile = (prefix: string, shard: number, shards: number): string => {
  const five = (n: number) => String(n).padStart(5, '0');
  return `${prefix}.data-${five(shard)}-of-${five(shards)}`;
};

// ---- bytes of tensors ---------------------------------------------------------------------------------------------

const isHalf = (dtype: DType): boolean => dtype === 'float16' || dtype === 'bfloat16';
/** The bytes with their checksum. */
function bytesOfValue(value: Value): readonly [Uint8Array, number] {
  const { dtype, data } = value;
  if (dtype === 'string') return bytesOfTexts(Array.from(data as ArrayLike<unknown>, bytesOfText));
  let bytes: Uint8Array;
  if (isHalf(dtype)) bytes = new Uint8Array(Uint16Array.from(encodeTensor(value).halfVal).buffer);
  else {
    const cells = new (arrayOf(dtype))(sizeOf(value.shape));
    cells.set(data);
    bytes = new Uint8Array((cells as Cells & { readonly buffer: ArrayBuffer }).buffer);
  }
  return [bytes, crc32c(bytes)];
}
/** All lengths, their checksum, all texts. */
function bytesOfTexts(texts: readonly Uint8Array[]): readonly [Uint8Array, number] {
  let crc = 0;
  for (const { length } of texts) crc = crc32c(fixed32(length), crc);
  const check = fixed32(masked(crc));
  crc = crc32c(check, crc);
  for (const text of texts) crc = crc32c(text, crc);
  const lengths = Uint8Array.from(texts.flatMap(({ length }) => varint(length)));
  return [Buffer.concat([lengths, check, ...texts]), crc];
}
function valueOf({ dtype, shape }: CheckpointEntry, bytes: Uint8Array): Value {
  const size = sizeOf(shape);
  if (dtype === 'string') {
    const reader = new Reader(bytes);
    const lengths = Array.from({ length: size }, () => reader.varint());
    reader.take(4);
    return new Value(dtype, [...shape], lengths.map((n) => textOf(reader.take(n))) as string[]);
  }
  if (bytesOf(dtype) && size === 0) return new Value(dtype, [...shape], []);
  const dim = shape.map((d) => ({ size: BigInt(d), name: '' }));
  const tensorShape = create(TensorShapeProtoSchema, { dim });
  return decodeTensor(create(TensorProtoSchema, { dtype: dtypeNumber(dtype), tensorShape, tensorContent: bytes }));
}
/** The checksum that the index has for these bytes. */
function crcOf({ dtype, shape }: CheckpointEntry, bytes: Uint8Array): number {
  if (dtype !== 'string') return masked(crc32c(bytes));
  const reader = new Reader(bytes);
  const lengths = Array.from({ length: sizeOf(shape) }, () => reader.varint());
  return masked(
    bytesOfTexts(
      lengths.reduce<Uint8Array[]>((all, n, i) => {
        if (i === 0) reader.take(4);
        all.push(reader.take(n));
        return all;
      }, []),
    )[1],
  );
}

// ---- entries ------------------------------------------------------------------------------------------------------

const part = (n: number, x: number): number[] => (x === 0 ? [] : [n * 8, ...varint(x)]);
function entryBytes(e: CheckpointEntry): Uint8Array {
  const dims = e.shape.flatMap((d) => {
    const dim = part(1, d);
    return [0x12, dim.length, ...dim];
  });
  return Uint8Array.from([
    ...part(1, dtypeNumber(e.dtype)),
    0x12,
    ...varint(dims.length),
    ...dims,
    ...part(3, e.shard),
    ...part(4, e.offset),
    ...part(5, e.size),
    0x35,
    ...fixed32(e.crc),
  ]);
}
/** The fields of a message: numbers, or bytes. */
function* fields(bytes: Uint8Array): Generator<readonly [field: number, n: number, bytes: Uint8Array]> {
  const none = new Uint8Array();
  const reader = new Reader(bytes);
  while (reader.more) {
    const tag = reader.varint();
    const kind = tag & 7;
    if (kind === 0) yield [tag >> 3, reader.varint(), none];
    else if (kind === 5) yield [tag >> 3, reader.fixed32(), none];
    else yield [tag >> 3, 0, reader.take(kind === 1 ? 8 : reader.varint())];
  }
}
function entryOf(name: string, bytes: Uint8Array): CheckpointEntry {
  const found = new Map<number, number>();
  let shape: number[] = [];
  for (const [field, n, content] of fields(bytes)) {
    found.set(field, n);
    if (field === 7) throw new GraphError('Unimplemented', `${name} is stored in slices, which are not supported.`);
    if (field !== 2) continue;
    shape = [...fields(content)].flatMap(([f, , dim]) =>
      f === 2 ? [[...fields(dim)].find(([k]) => k === 1)?.[1] ?? 0] : [],
    );
  }
  const get = (field: number): number => found.get(field) ?? 0;
  const { dtype } = dtypeOf(get(1));
  return { name, dtype, shape, shard: get(3), offset: get(4), size: get(5), crc: get(6) };
}

// ---- files --------------------------------------------------------------------------------------------------------

/** Makes the folder of a checkpoint, but not those above it. Raises NotFound where they are missing. */
function makeFolder(prefix: string): void {
  const dir = dirname(prefix);
  try {
    if (!existsSync(dir)) mkdirSync(dir);
  } catch (e) {
    if ((e as { code?: string }).code !== 'ENOENT') throw e;
    throw new GraphError('NotFound', `${dir}; No such file or directory`);
  }
}

/** Writes tensors by name to `prefix.index` and `prefix.data-00000-of-00001`. */
export function writeCheckpoint(prefix: string, tensors: ReadonlyMap<string, Value>): void {
  makeFolder(prefix);
  const data: Uint8Array[] = [];
  let offset = 0;
  const entries = [...tensors].map(([name, value]): CheckpointEntry => {
    const [bytes, crc] = bytesOfValue(value);
    const { dtype, shape } = value;
    const entry = { name, dtype, shape, shard: 0, offset, size: bytes.length, crc: masked(crc) };
    data.push(bytes);
    offset += bytes.length;
    return entry;
  });
  writeFileSync(shardFile(prefix, 0, 1), Buffer.concat(data));
  writeIndex(prefix, entries, 1);
}
function writeIndex(prefix: string, entries: readonly CheckpointEntry[], shards: number): void {
  const rows = entries
    .map((e) => [new TextEncoder().encode(e.name), entryBytes(e)] as const)
    .sort(([a], [b]) => compareBytes(a, b));
  writeFileSync(`${prefix}.index`, writeTable([[new Uint8Array(), header(shards)], ...rows]));
}

/** Makes one checkpoint of several by moving their files; empty folders left behind go. */
export function mergeCheckpoints(prefixes: readonly string[], destination: string, deleteOldDirs: boolean): void {
  makeFolder(destination);
  const parts = prefixes.map((prefix) => new CheckpointReader(prefix));
  const shards = parts.reduce((n, part) => n + part.shards, 0);
  const merged = new Map<string, CheckpointEntry>();
  let first = 0;
  for (const [i, part] of parts.entries()) {
    for (const [name, entry] of part.entries) {
      if (merged.has(name)) {
        throw new GraphError(
          'InvalidArgument',
          `Duplicate tensor keyed by ${name} encountered, when merging prefix: ${prefixes[i]}`,
        );
      }
      merged.set(name, { ...entry, shard: first + entry.shard });
    }
    for (let k = 0; k < part.shards; k++) {
      renameSync(shardFile(prefixes[i]!, k, part.shards), shardFile(destination, first + k, shards));
    }
    first += part.shards;
  }
  writeIndex(destination, [...merged.values()], shards);
  for (const prefix of prefixes) rmSync(`${prefix}.index`);
  if (!deleteOldDirs) return;
  for (const dir of new Set(prefixes.map((p) => dirname(p)))) removeIfEmpty(dir);
}
function removeIfEmpty(dir: string): void {
  if (readdirSync(dir).length === 0) rmdirSync(dir);
}

/**
 * A checkpoint that is open to be read. Raises NotFound where there is none, DataLoss for other files.
 * @tensorflow tf.train.NewCheckpointReader
 */
export class CheckpointReader {
  readonly entries: ReadonlyMap<string, CheckpointEntry>;
  /** How many files hold the cells. */
  readonly shards: number;
  readonly #prefix: string;
  readonly #data = new Map<number, Uint8Array>();

  constructor(prefix: string) {
    this.#prefix = prefix;
    const [head, ...rest] = tableAt(prefix);
    this.shards = [...fields(head?.[1] ?? new Uint8Array())].find(([field]) => field === 1)?.[1] ?? 1;
    const names = rest.map(([key, value]) => [new TextDecoder().decode(key), value] as const);
    this.entries = new Map(names.map(([name, value]) => [name, entryOf(name, value)]));
  }
  hasTensor(name: string): boolean {
    return this.entries.has(name);
  }
  /** Names with shapes. */
  getVariableToShapeMap(): Record<string, readonly number[]> {
    return Object.fromEntries([...this.entries].map(([name, { shape }]) => [name, shape]));
  }
  /** Names with dtypes. */
  getVariableToDtypeMap(): Record<string, DType> {
    return Object.fromEntries([...this.entries].map(([name, { dtype }]) => [name, dtype]));
  }
  /** Raises NotFound for a name that is not there, DataLoss where the bytes are not what was written. */
  getTensor(name: string): Value {
    const entry = this.entries.get(name);
    if (!entry) throw new GraphError('NotFound', `Key ${name} not found in checkpoint`);
    const { shard, offset, size } = entry;
    const file = shardFile(this.#prefix, shard, this.shards);
    const data = this.#data.get(shard) ?? readFileSync(file);
    this.#data.set(shard, data);
    const bytes = new Reader(data, offset).take(size);
    const crc = crcOf(entry, bytes);
    if (crc !== entry.crc) {
      throw new GraphError(
        'DataLoss',
        `TensorBundle at ${this.#prefix} shard ${shard} (${size} bytes): Checksum does not match: stored ${entry.crc} vs. calculated on the restored bytes ${crc}`,
      );
    }
    return valueOf(entry, bytes);
  }
}

function tableAt(prefix: string): ReturnType<typeof readTable> {
  if (existsSync(`${prefix}.index`)) return readTable(readFileSync(`${prefix}.index`));
  throw existsSync(prefix)
    ? new GraphError(
        'DataLoss',
        `Unable to open table file ${prefix}: Data loss: not an sstable (bad magic number): perhaps your file is in a different file format and you need to use a different restore operator?`,
      )
    : new GraphError(
        'NotFound',
        `Unsuccessful TensorSliceReader constructor: Failed to find any matching files for ${prefix}`,
      );
}

keepCheckpoints({
  write: writeCheckpoint,
  read(prefix, names) {
    const reader = new CheckpointReader(prefix);
    return names.map((name) => reader.getTensor(name));
  },
  merge: mergeCheckpoints,
});
