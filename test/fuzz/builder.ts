/** @file What the families of graphs share: the tensors made so far, with their true shapes, and how to get more. */
import * as tf from '../../src';
import type { Dice } from './dice';

export type Kind = 'float32' | 'float64' | 'int32' | 'int64' | 'bool';
export type Dims = readonly number[];

/** A tensor that later operations may take. */
export interface Entry {
  readonly tensor: tf.Tensor;
  /** The shape it has when the graph runs, known or not while it is built. */
  readonly shape: Dims;
  /** No cell is larger, roughly. */
  readonly bound: number;
  /** Both libraries give the same bits, so that rounding, comparing and sorting are safe. */
  readonly exact: boolean;
}
export interface Range {
  readonly low?: number;
  readonly high?: number;
}
export interface Fed {
  readonly tensor: tf.Tensor;
  readonly shape: Dims;
  readonly range: Range;
}
/** A variable whose reads and writes wait for each other, so that nothing is left to chance. */
export interface Chain {
  readonly variable: tf.Variable;
  readonly shape: Dims;
  readonly kind: Kind;
  readonly resource: boolean;
  last: tf.Operation;
}
/** What a training step runs, and what it may fetch along with it. */
export interface Training {
  readonly target: tf.Operation;
  readonly fetch: readonly tf.Tensor[];
}
/** A fetch that is meant to fail. */
export interface Failure {
  readonly fetch: tf.Tensor;
  readonly feed?: readonly (readonly [tf.Tensor, tf.Value])[];
}

export const FLOATS: readonly Kind[] = ['float32', 'float32', 'float32', 'float64'];
export const INTS: readonly Kind[] = ['int32', 'int32', 'int64'];
const LARGEST = 600;

export const sizeOf = (shape: Dims): number => shape.reduce((a, b) => a * b, 1);
export const isFloat = (kind: string): boolean => kind === 'float32' || kind === 'float64';
export const isInt = (kind: string): boolean => kind === 'int32' || kind === 'int64';
export const kindOf = (e: Entry): Kind => e.tensor.dtype as Kind;
const full = (shape: tf.Tensor['shape']): shape is Dims => shape?.every((d) => d !== null) ?? false;

export class Builder {
  pool: Entry[] = [];
  /** Fetched, and nothing more: their shapes depend on data. */
  sinks: tf.Tensor[] = [];
  readonly feeds: Fed[] = [];
  readonly chains: Chain[] = [];
  readonly trainings: Training[] = [];
  readonly failures: Failure[] = [];
  dice: Dice;
  depth = 0;
  /** Which of the top-level families is at work: part of the names of what it makes. */
  round = 0;
  /** A first building, in which every placeholder has a known shape: this one decides everything as that one did. */
  readonly #first: Builder | undefined;
  readonly #shapes: (Dims | null)[] = [];
  readonly #answers: unknown[] = [];

  constructor(dice: Dice, first?: Builder) {
    this.dice = dice;
    this.#first = first;
  }
  /** What the first building answered: for questions whose answer hangs on static shapes. */
  remembered<T>(ask: () => T): T {
    const answer = this.#first ? (this.#first.#answers[this.#answers.length] as T) : ask();
    this.#answers.push(answer);
    return answer;
  }

  /** Puts a tensor into the pool, or among the sinks where nobody knows its shape. */
  add(tensor: tf.Tensor, { bound = 4, exact = false }: { bound?: number; exact?: boolean } = {}): Entry | null {
    const id = this.#shapes.length;
    this.#shapes.push(full(tensor.shape) ? tensor.shape : null);
    const shape = (this.#first ?? this).#shapes[id]!;
    if (!shape) {
      this.sinks.push(tensor);
      return null;
    }
    const fits = tensor.shape === null || tensor.shape.every((d, i) => d === null || d === shape[i]);
    if (!fits || (tensor.shape && tensor.shape.length !== shape.length))
      throw new Error(
        `${tensor.name} has static shape [${tensor.shape}] here, and [${shape}] where placeholders are known`,
      );
    const entry = { tensor, shape, bound, exact: exact || !isFloat(tensor.dtype) };
    if (sizeOf(shape) > LARGEST) this.sinks.push(tensor);
    else this.pool.push(entry);
    return entry;
  }
  /** What is made inside of a branch or a loop stays there. */
  nested<R>(body: () => R): R {
    const [pool, sinks] = [this.pool, this.sinks];
    this.pool = [...pool];
    this.sinks = [];
    this.depth++;
    try {
      return body();
    } finally {
      this.depth--;
      this.pool = pool;
      this.sinks = sinks;
    }
  }

  shape({ rank = this.dice.pick([0, 1, 1, 2, 2, 2, 3, 3, 4]), least = this.dice.chance(0.06) ? 0 : 1 } = {}): number[] {
    return Array.from({ length: rank }, () => Math.max(least, this.dice.pick([0, 1, 1, 2, 2, 3, 3, 4, 5])));
  }
  value(kind: Kind, shape: Dims, { low, high }: Range = {}, dice = this.dice): tf.Value {
    const cell = (): unknown => {
      if (kind === 'bool') return dice.chance(0.5);
      if (isInt(kind)) {
        const x = dice.int(low ?? -5, high ?? 6);
        return kind === 'int64' ? BigInt(x) : x;
      }
      const [from, to] = [low ?? -2, high ?? 2];
      return dice.chance(0.05) ? Math.ceil(from) : from + (to - from) * dice.next();
    };
    return tf.Value.cells(kind, shape, Array.from({ length: sizeOf(shape) }, cell));
  }
  /** A constant, a placeholder (some with unknown dimensions), or a tensor that an operation fills. */
  fresh(kind: Kind, shape: Dims, range: Range = {}): Entry {
    const bound = Math.max(Math.abs(range.low ?? 2), Math.abs(range.high ?? 6));
    const value = this.value(kind, shape, range);
    const way = this.depth > 0 ? 'constant' : this.dice.pick(['constant', 'placeholder', 'placeholder', 'default']);
    let tensor: tf.Tensor;
    if (way === 'constant') tensor = tf.constant(value);
    else {
      const blurred = this.#blur(shape);
      tensor = way === 'default' ? tf.placeholderWithDefault(value, blurred) : tf.placeholder(kind, { shape: blurred });
      if (way === 'placeholder') this.feeds.push({ tensor, shape, range });
    }
    const entry = this.add(tensor, { bound, exact: true });
    return entry ?? { tensor, shape, bound, exact: true };
  }
  #blur(shape: Dims): (number | null)[] | null {
    const how = this.dice.next();
    const some = shape.map((d) => (this.dice.chance(0.5) ? null : d));
    if (!this.#first || how < 0.5) return [...shape];
    return how < 0.75 ? some : how < 0.92 ? shape.map(() => null) : null;
  }

  /** A tensor of the pool that fits, most often a late one; a fresh one where there is none, and at times anyway. */
  take(kinds: readonly Kind[], { shape, exact = false, fits = () => true, range = {} }: Wanted = {}): Entry {
    const kind = this.dice.pick(kinds);
    const found = this.pool.filter(
      (e) =>
        kindOf(e) === kind &&
        (!exact || e.exact) &&
        (!shape || (e.shape.length === shape.length && e.shape.every((d, i) => d === shape[i]))) &&
        (range.low === undefined || !isInt(kind)) &&
        fits(e.shape),
    );
    const from = this.dice.next();
    if (found.length > 0 && from > 0.12) return found[Math.floor(found.length * this.dice.next() ** 0.6)]!;
    let s = shape ?? this.shape();
    for (let i = 0; i < 200 && !fits(s); i++) s = this.shape();
    return this.fresh(kind, s, range);
  }
  float(wanted: Wanted = {}): Entry {
    return this.take(FLOATS, wanted);
  }
  /** The same tensor, with its shape known while the graph is built. */
  settled(e: Entry): tf.Tensor {
    return full(e.tensor.shape) ? e.tensor : tf.reshape(e.tensor, [...e.shape]);
  }
  /** Made small where it may have become large. */
  tame(e: Entry, most = 4): Entry {
    if (e.bound <= most || !isFloat(kindOf(e))) return e.bound <= 1000 || isFloat(kindOf(e)) ? e : this.#small(e);
    const way = this.dice.pick(['scale', 'tanh', 'clip'] as const);
    const tensor =
      way === 'scale'
        ? tf.multiply(e.tensor, most / e.bound)
        : way === 'tanh'
          ? tf.tanh(e.tensor)
          : tf.clipByValue(e.tensor, -most, most);
    return { tensor, shape: e.shape, bound: most, exact: e.exact && way !== 'tanh' };
  }
  #small(e: Entry): Entry {
    return kindOf(e) === 'bool' ? e : { ...e, tensor: tf.floormod(e.tensor, 11), bound: 11 };
  }
  /** A partner that broadcasts against this shape. */
  partner(kind: Kind, shape: Dims, range: Range = {}): Entry {
    const ones = shape.map((d) => (this.dice.chance(0.25) ? 1 : d));
    const s = this.dice.chance(0.3) ? ones.slice(this.dice.int(0, ones.length)) : this.dice.chance(0.5) ? ones : shape;
    return this.take([kind], { shape: s, range });
  }
  /** A tensor of exactly this kind and shape, connected to the rest of the graph where that is possible. */
  like(kind: Kind, shape: Dims): Entry {
    if (this.dice.chance(0.6)) return this.take([kind], { shape });
    const e = this.take([kind], { fits: (s) => sizeOf(s) > 0 });
    if (kind === 'bool') return { ...e, tensor: tf.fill([...shape], tf.reduceAny(e.tensor)), shape };
    const one = tf.reduceMax(e.tensor);
    return { tensor: tf.multiply(tf.ones([...shape], kind), one), shape, bound: e.bound, exact: e.exact };
  }
  /** One boolean that both libraries agree on. */
  predicate(): tf.Tensor {
    const way = this.dice.int(0, 2);
    if (way === 0) return tf.reduceAny(this.take(['bool']).tensor);
    const x = this.take(way === 1 ? INTS : FLOATS, { exact: true, fits: (s) => sizeOf(s) > 0 });
    return this.dice.pick([tf.less, tf.greaterEqual])(tf.reduceMax(x.tensor), this.dice.int(0, 2));
  }
}

export interface Wanted {
  readonly shape?: Dims;
  readonly exact?: boolean;
  readonly fits?: (shape: Dims) => boolean;
  readonly range?: Range;
}
/** A family of graphs: adds a few operations to what is there. */
export type Family = (b: Builder) => void;
