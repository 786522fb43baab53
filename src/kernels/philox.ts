/** @file The random number generator: Philox 4x32 with 10 rounds, and the state a random kernel keeps over runs. */

/** Taken off Math once: this is the inner loop of all random numbers. */
const { imul } = Math;

const MASK32 = 0xffffffffn;
const TWO32 = 2 ** 32;
/** The multipliers 0xD2511F53 and 0xCD9E8D57, in halves of 16 bits. */
const M0 = 0xd2511f53 | 0;
const M0_HIGH = 0xd251;
const M0_LOW = 0x1f53;
const M1 = 0xcd9e8d57 | 0;
const M1_HIGH = 0xcd9e;
const M1_LOW = 0x8d57;
/** What the key grows by from round to round. */
const W0 = 0x9e3779b9 | 0;
const W1 = 0xbb67ae85 | 0;

/** What a kernel reserves for each output, in blocks, whatever the dtype. */
export const BLOCKS_PER_OUTPUT = 256;

/** An integer of 64 bits, two's complement; numbers above 2^53 need a bigint. */
export type Seed = bigint | number;
/** Where a block of four words goes. */
export type Block = Uint32Array;

const lowWord = (x: bigint): number => Number(x & MASK32) | 0;
const highWord = (x: bigint): number => Number((x >> 32n) & MASK32) | 0;

/** The upper 32 bits of a product; the multiplier comes in halves. */
function multiplyHigh(high: number, low: number, x: number): number {
  const xHigh = x >>> 16;
  const xLow = x & 0xffff;
  const middle = (imul(high, xLow) + (imul(low, xLow) >>> 16)) | 0;
  const carry = (imul(low, xHigh) + (middle & 0xffff)) | 0;
  return (imul(high, xHigh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/** A stream of blocks of four uint32: a 64-bit key, and a 128-bit counter that each block moves by one. */
export class Philox {
  private key0 = 0;
  private key1 = 0;
  /** The counter's words, least significant first, all as int32: V8 keeps these unboxed. */
  private c0 = 0;
  private c1 = 0;
  private c2 = 0;
  private c3 = 0;

  constructor(seed: Seed, seed2: Seed) {
    const key = BigInt(seed);
    const counter = BigInt(seed2);
    this.key0 = lowWord(key);
    this.key1 = highWord(key);
    this.c2 = lowWord(counter);
    this.c3 = highWord(counter);
  }

  /** The generator of a stateless op: the seeds are scrambled by one block under a fixed key. */
  static stateless(seed: Seed, seed2: Seed): Philox {
    const words = new Uint32Array(4);
    const scrambler = new Philox(0x02461e293ec8f720n, seed2);
    scrambler.c0 = lowWord(BigInt(seed));
    scrambler.c1 = highWord(BigInt(seed));
    scrambler.next(words);
    const made = new Philox(0, 0);
    made.key0 = words[0]! | 0;
    made.key1 = words[1]! | 0;
    made.c2 = words[2]! | 0;
    made.c3 = words[3]! | 0;
    return made;
  }

  copy(): Philox {
    return new Philox(0, 0).moveTo(this);
  }

  /** Takes over the key and the position of another generator. */
  moveTo(other: Philox): this {
    this.key0 = other.key0;
    this.key1 = other.key1;
    this.c0 = other.c0;
    this.c1 = other.c1;
    this.c2 = other.c2;
    this.c3 = other.c3;
    return this;
  }

  /** Leaves out so many blocks, fewer than 2^53; a negative number counts as 64 bits unsigned. */
  skip(blocks: number): void {
    const sum0 = (this.c0 >>> 0) + (blocks >>> 0);
    const high = (Math.floor(blocks / TWO32) + (sum0 >= TWO32 ? 1 : 0)) >>> 0;
    const sum1 = (this.c1 >>> 0) + high;
    this.c0 = sum0 | 0;
    this.c1 = sum1 | 0;
    if (sum1 >= TWO32) this.carry();
  }

  /** The next block. */
  next(out: Block): void {
    let a = this.c0;
    let b = this.c1;
    let c = this.c2;
    let d = this.c3;
    let key0 = this.key0;
    let key1 = this.key1;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(M0_HIGH, M0_LOW, a);
      const high1 = multiplyHigh(M1_HIGH, M1_LOW, c);
      const low0 = imul(M0, a);
      a = high1 ^ b ^ key0;
      b = imul(M1, c);
      c = high0 ^ d ^ key1;
      d = low0;
      key0 = (key0 + W0) | 0;
      key1 = (key1 + W1) | 0;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
    this.c0 = (this.c0 + 1) | 0;
    if (this.c0 !== 0) return;
    this.c1 = (this.c1 + 1) | 0;
    if (this.c1 === 0) this.carry();
  }

  private carry(): void {
    this.c2 = (this.c2 + 1) | 0;
    if (this.c2 === 0) this.c3 = (this.c3 + 1) | 0;
  }
}

/** The words of a generator one after another, block by block. */
export class WordStream {
  private readonly gen: Philox;
  private readonly block: Block = new Uint32Array(4);
  private used = 4;

  constructor(gen: Philox) {
    this.gen = gen;
  }

  next(): number {
    if (this.used === 4) {
      this.gen.next(this.block);
      this.used = 0;
    }
    return this.block[this.used++]!;
  }
}

/** 64 bits of the machine's own randomness. */
const entropy = (): bigint => crypto.getRandomValues(new BigUint64Array(1))[0]!;

/**
 * What one random node keeps in one session. A run gets a copy of the generator, and the generator moves on by all that
 * the run may need, so that runs never overlap.
 */
export class RandomState {
  private readonly gen: Philox;

  /** Both seeds 0 ask for numbers that differ each time. */
  constructor(seed: Seed, seed2: Seed) {
    const isFree = BigInt(seed) === 0n && BigInt(seed2) === 0n;
    this.gen = isFree ? new Philox(entropy(), entropy()) : new Philox(seed, seed2);
  }

  /** The generator for a run that makes so many outputs. */
  take(outputCount: number): Philox {
    return this.takeBlocks(outputCount * BLOCKS_PER_OUTPUT);
  }

  /** The generator for a run of a kernel that reserves by a rule of its own. */
  takeBlocks(blocks: number): Philox {
    const copy = this.gen.copy();
    this.gen.skip(blocks);
    return copy;
  }
}
