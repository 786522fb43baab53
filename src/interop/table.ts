/** @file LevelDB tables: sorted keys with values, in blocks with checksums. */
import { GraphError } from '../errors';
import { crc32c, masked } from './crc32c';

const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb] as const;
const FOOTER = 48;
const BLOCK_SIZE = 262144;
/** Each so many keys one is written whole. */
const RESTART = 16;

export const varint = (n: number): number[] => {
  const bytes: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
};
/** Reads numbers and bytes one after the other; raises DataLoss behind the end. */
export class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }
  get more(): boolean {
    return this.at < this.#bytes.length;
  }
  varint(): number {
    let n = 0;
    for (let unit = 1; unit < 2 ** 56; unit *= 128) {
      const byte = this.take(1)[0]!;
      n += (byte & 127) * unit;
      if (byte < 128) return n;
    }
    throw damaged();
  }
  take(n: number): Uint8Array {
    if (this.at + n > this.#bytes.length) throw damaged();
    this.at += n;
    return this.#bytes.subarray(this.at - n, this.at);
  }
  fixed32(): number {
    return word(this.take(4), 0);
  }
}
const damaged = (): GraphError => new GraphError('DataLoss', 'The table is damaged.');
const word = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
export const fixed32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);

export const compareBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

// ---- writing ------------------------------------------------------------------------------------------------------

/** Entries in order; each key says how much it shares with the one before. */
class Block {
  #parts: (Uint8Array | readonly number[])[] = [];
  #restarts = [0];
  #count = 0;
  #last: Uint8Array = new Uint8Array();
  readonly #every: number;
  size = 4;

  constructor(every: number) {
    this.#every = every;
  }
  get empty(): boolean {
    return this.#parts.length === 0;
  }
  add(key: Uint8Array, value: Uint8Array): void {
    let shared = 0;
    if (this.#count === this.#every) {
      this.#restarts.push(this.size - 4 * this.#restarts.length);
      this.size += 4;
      this.#count = 0;
    } else while (shared < key.length && shared < this.#last.length && key[shared] === this.#last[shared]) shared++;
    const head = [...varint(shared), ...varint(key.length - shared), ...varint(value.length)];
    this.#parts.push(head, key.slice(shared), value);
    this.size += head.length + key.length - shared + value.length;
    this.#last = key;
    this.#count++;
  }
  bytes(): Uint8Array {
    const tail = [...this.#restarts, this.#restarts.length].map(fixed32);
    return Buffer.concat([...this.#parts, ...tail].map((p) => Uint8Array.from(p)));
  }
}

/** A short key from `a` on that is below `b`. */
function separator(a: Uint8Array, b: Uint8Array): Uint8Array {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  if (i < a.length && i < b.length && a[i]! < 255 && a[i]! + 1 < b[i]!) {
    return Uint8Array.from([...a.slice(0, i), a[i]! + 1]);
  }
  return a;
}
function successor(a: Uint8Array): Uint8Array {
  const i = a.findIndex((x) => x !== 255);
  return i < 0 ? a : Uint8Array.from([...a.slice(0, i), a[i]! + 1]);
}

/** The bytes of a table of these entries, which are in the order of their keys. */
export function writeTable(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): Uint8Array {
  const file: Uint8Array[] = [];
  let size = 0;
  const put = (block: Block): number[] => {
    const bytes = block.bytes();
    const checked = Buffer.concat([bytes, Uint8Array.of(0)]);
    const place = [...varint(size), ...varint(bytes.length)];
    file.push(checked, fixed32(masked(crc32c(checked))));
    size += checked.length + 4;
    return place;
  };
  const index = new Block(1);
  let block = new Block(RESTART);
  entries.forEach(([key, value], i) => {
    block.add(key, value);
    const next = entries[i + 1]?.[0];
    if (next && block.size < BLOCK_SIZE) return;
    const last = next ? separator(key, next) : successor(key);
    index.add(last, Uint8Array.from(put(block)));
    block = new Block(RESTART);
  });
  const handles = [...put(new Block(RESTART)), ...put(index)];
  const footer = new Uint8Array(FOOTER);
  footer.set(handles);
  footer.set(MAGIC, FOOTER - MAGIC.length);
  return Buffer.concat([...file, footer]);
}

// ---- reading ------------------------------------------------------------------------------------------------------

/** The entries of a table, in order. Raises DataLoss for files that are no tables or whose checksums do not fit. */
export function readTable(file: Uint8Array): (readonly [key: Uint8Array, value: Uint8Array])[] {
  const footer = file.subarray(file.length - FOOTER);
  if (file.length < FOOTER || MAGIC.some((x, i) => footer[FOOTER - MAGIC.length + i] !== x)) throw damaged();
  const handles = new Reader(footer);
  handles.varint();
  handles.varint();
  const index = blockAt(file, handles.varint(), handles.varint());
  return entriesOf(index).flatMap(([, place]) => {
    const handle = new Reader(place);
    return entriesOf(blockAt(file, handle.varint(), handle.varint()));
  });
}
function blockAt(file: Uint8Array, offset: number, size: number): Uint8Array {
  const reader = new Reader(file, offset);
  const checked = reader.take(size + 1);
  if (reader.fixed32() !== masked(crc32c(checked))) throw damaged();
  const bytes = checked.subarray(0, size);
  return checked[size] === 1 ? unsnappy(bytes) : bytes;
}
function entriesOf(block: Uint8Array): [Uint8Array, Uint8Array][] {
  const restarts = word(block, block.length - 4);
  const reader = new Reader(block.subarray(0, block.length - 4 * (restarts + 1)));
  const entries: [Uint8Array, Uint8Array][] = [];
  let last: Uint8Array = new Uint8Array();
  while (reader.more) {
    const [shared, own, length] = [reader.varint(), reader.varint(), reader.varint()];
    last = Buffer.concat([last.subarray(0, shared), reader.take(own)]);
    entries.push([last, reader.take(length)]);
  }
  return entries;
}
/** Snappy, which old writers used. */
function unsnappy(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  const out = new Uint8Array(reader.varint());
  let at = 0;
  const little = (n: number): number => reader.take(n).reduceRight((x, byte) => x * 256 + byte, 0);
  while (reader.more) {
    const tag = reader.take(1)[0]!;
    let length = (tag >> 2) + 1;
    if ((tag & 3) === 0) {
      if (length > 60) length = little(length - 60) + 1;
      out.set(reader.take(length), at);
      at += length;
      continue;
    }
    let back = 0;
    if ((tag & 3) === 1) {
      length = ((tag >> 2) & 7) + 4;
      back = (tag >> 5) * 256 + little(1);
    } else back = little((tag & 3) === 2 ? 2 : 4);
    if (back === 0 || back > at || at + length > out.length) throw damaged();
    for (let i = 0; i < length; i++, at++) out[at] = out[at - back]!;
  }
  return out;
}
