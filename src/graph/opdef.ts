/** @file What an op is: the typed literal that holds everything about it, and the registry of them. */
import type { Slot } from '../kernels/memory';
import type { Call } from '../kernels/table';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import type { Value } from '../value/value';
import type { Graph } from './graph';
import type { IndexedSlices } from './indexed_slices';
import type { Operation, Tensor } from './operation';

// ---- attrs --------------------------------------------------------------------------------------------------------

export interface Attr<V> {
  readonly kind: 'bool' | 'int' | 'float' | 'string' | 'type' | 'shape' | 'tensor' | 'func';
  readonly list?: true;
  readonly allowed?: readonly V[];
}
export interface AttrWithDefault<V> extends Attr<V> {
  readonly default: V;
}
/** bool() must be given, bool(false) may be left out. */
interface Builder<V> {
  (): Attr<V>;
  (fallback: V): AttrWithDefault<V>;
}
const builder =
  <V>(kind: Attr<V>['kind'], list?: true): Builder<V> =>
  (fallback?: V) =>
    ({
      kind,
      ...(list ? { list } : {}),
      ...(fallback === undefined ? {} : { default: fallback }),
    }) as AttrWithDefault<V>;

export const bool = builder<boolean>('bool');
export const int = builder<number>('int');
export const float = builder<number>('float');
export const shape = builder<Shape>('shape');
export const tensor = builder<Value>('tensor');
export const ints = builder<readonly number[]>('int', true);
export const floats = builder<readonly number[]>('float', true);
export const strings = builder<readonly string[]>('string', true);
export const types = builder<readonly DType[]>('type', true);
export const shapes = builder<readonly Shape[]>('shape', true);
/** A free text; `text('')` may be left out. */
export const text = builder<string>('string');
export const func = builder<{ readonly func: string }>('func');
/** A dtype attr: `type(FLOATS)` limits it, `type(INDEX, 'int32')` may be left out. */
export function type(allowed?: readonly DType[]): Attr<DType>;
export function type(allowed: readonly DType[] | undefined, fallback: DType): AttrWithDefault<DType>;
export function type(allowed?: readonly DType[], fallback?: DType): Attr<DType> {
  return { kind: 'type', ...(allowed ? { allowed } : {}), ...(fallback ? { default: fallback } : {}) };
}
/** Sizes and indices: int32 unless a tensor says int64. */
export const indexType = type(['int32', 'int64'], 'int32') as AttrWithDefault<'int32' | 'int64'>;
/** One of several texts; the first is the default. */
export function string<const S extends string>(fallback: S, ...others: S[]): AttrWithDefault<S> {
  return { kind: 'string', default: fallback, allowed: [fallback, ...others] };
}
/** One of several texts that must be given. */
export function oneOf<const S extends string>(...allowed: S[]): Attr<S> {
  return { kind: 'string', allowed };
}

export type AttrSpecs = Readonly<Record<string, Attr<unknown>>>;
type ValueOf<S> = S extends Attr<infer V> ? V : never;
/** The attrs as the op's own code reads them: all present. */
export type Attrs<A extends AttrSpecs> = { readonly [K in keyof A]: ValueOf<A[K]> };

// ---- arguments ----------------------------------------------------------------------------------------------------

/** Types as in TensorFlow's OpDef: 'T', 'int32', 'Ref(T)', 'N * T', '[T]' (a list of types); keys in wire order. */
export type Args = Readonly<Record<string, string>>;
/** The same names with one thing each, or a list for 'N * T' and '[T]'. */
export type Bag<S extends Args, One> = { readonly [K in keyof S]: Item<S[K], One> };
type Item<Spec extends string, One> = string extends Spec
  ? One | readonly One[]
  : Spec extends `${string} * ${string}` | `[${string}]`
    ? readonly One[]
    : One;

type Idents<S extends string> = S extends `Ref(${infer R})`
  ? R
  : S extends `${infer N} * Ref(${infer T})`
    ? N | T
    : S extends `${infer N} * ${infer T}`
      ? N | T
      : S extends `[${infer T}]`
        ? T
        : S;
/** Attrs the call finds out by itself, from the inputs' types and numbers. */
type Inferred<I extends Args> = Idents<I[keyof I]>;
type Given<I extends Args, A extends AttrSpecs> = Exclude<keyof A, Inferred<I>>;
type Optional<I extends Args, A extends AttrSpecs> = {
  [K in Given<I, A>]: A[K] extends { default: unknown } ? K : never;
}[Given<I, A>];
/** The attrs as a caller gives them. Inferred ones may be given too: a type for inputs that are not tensors yet. */
export type AttrArgs<I extends Args, A extends AttrSpecs> = {
  readonly [K in Exclude<Given<I, A>, Optional<I, A>>]: ValueOf<A[K]>;
} & {
  readonly [K in Optional<I, A> | (keyof A & Inferred<I>)]?: ValueOf<A[K]> | undefined;
};

/** What inference sees of an input. */
export interface Known {
  readonly dtype: DType;
  readonly shape: Shape;
  /** The cells as numbers, when they are known before the run. */
  readonly value?: readonly number[] | undefined;
  /** A vector read as a shape: what is known of it (null: unknown dimension, undefined: nothing). */
  readonly partial?: readonly (number | null)[] | undefined;
  /** Of a handle: what it refers to. */
  readonly handle?: Handle | undefined;
}
/** What a resource handle refers to. */
export interface Handle {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Of a stack: the shapes of what a plan puts into it. */
  readonly elements?: Shape[];
}

/** Where a kernel runs: the op, and what it keeps from run to run in this session. */
export interface Site {
  readonly name: string;
  /** The graph of the op: it knows the functions that attrs name. */
  readonly graph: Graph;
  /** State of this op in this session; made once. */
  state<S>(make: () => S): S;
  /** What all ops of this session share under a name: variables by handle, tables, containers. */
  readonly resources: Map<string, unknown>;
  /** Runs a callback once at the end of the current run. */
  atEnd(clean: () => void): void;
}

// ---- the definition -----------------------------------------------------------------------------------------------

export type Grad = Tensor | IndexedSlices;

export interface OpDef<I extends Args = Args, O extends Args = Args, A extends AttrSpecs = AttrSpecs> {
  /** The name on the wire, TensorFlow's. */
  readonly name: string;
  readonly inputs: I;
  readonly outputs: O;
  readonly attrs: A;
  /** Never folded, shared or left out: it has a state or an effect. */
  readonly stateful?: true;
  /** Ref or resource input this op overwrites whole, whatever was there: it may be uninitialized. */
  readonly assigns?: keyof I;
  /** Ref or resource inputs this op reads and writes. */
  readonly updates?: keyof I | readonly (keyof I)[];
  /** Resource input whose value the first output is. */
  readonly reads?: keyof I;
  /** Ref inputs need not be initialized. */
  readonly allowsUninitialized?: true;
  /** A handle input, and the input that is kept in what it refers to. */
  readonly puts?: { readonly into: keyof I; readonly value: keyof I };
  /** Output -> the input whose bytes it is: nothing to compute. */
  readonly alias?: { readonly [K in keyof O]?: keyof I };
  /** Where `alias` holds only sometimes: a slice that takes everything, a cast to the same type. */
  readonly aliasWhen?: (inputs: Bag<I, Known>, attrs: Attrs<A>) => boolean;
  /** Inputs whose bytes the first output may take over when nobody reads them later. */
  readonly inplace?: readonly (keyof I)[];
  /** Only the inputs' shapes are read, so a full shape is enough to know the result. */
  readonly shapeOnly?: true;
  /** Its part in conditionals and loops; the plan, not a kernel, does these. */
  readonly flow?: 'switch' | 'merge' | 'enter' | 'exit' | 'next' | 'trigger';
  /** A variable's buffer ('ref') or the handle of one ('handle'), or what must be fed. */
  readonly source?: 'ref' | 'handle' | 'placeholder';
  /** The outputs' shapes. `running`: full shapes of a run, for which a kernel may be more lenient than graph building. */
  infer(inputs: Bag<I, Known>, attrs: Attrs<A>, running?: boolean): { readonly [K in keyof O]: Item<O[K], Shape> };
  /** What is known of an output when it is read as a shape, while its cells are not all known. */
  readonly partial?: (inputs: Bag<I, Known>, attrs: Attrs<A>, output: number) => readonly (number | null)[] | undefined;
  /** What the first output, a handle, refers to; aliases pass it on by themselves. */
  readonly handle?: (inputs: Bag<I, Known>, attrs: Attrs<A>) => Handle | undefined;
  /** Written in ops, so that it has gradients itself. null: TensorFlow's NotDifferentiable; 'missing': none registered. */
  readonly gradient:
    | null
    | 'missing'
    | ((
        dy: Bag<O, Tensor>,
        t: Bag<I & O, Tensor>,
        attrs: Attrs<A>,
        op: Operation,
      ) => { readonly [K in keyof I]?: Item<I[K], Grad | null> | null });
  /** The oracle: plain TypeScript over the cells. null: nothing to compute (alias, flow, feeds). */
  readonly reference: null | ((t: Bag<I & O, Slot>, attrs: Attrs<A>, site: Site) => void);
  /** The fast way, as bound WebAssembly calls; null where it does not apply, and the reference runs. */
  readonly kernel?: (t: Bag<I & O, Slot>, attrs: Attrs<A>) => Call | readonly Call[] | null;
}
/** Any definition, its names forgotten: what the graph, the gradients and the plan work with. */
export type AnyDef = OpDef<Args, Args, Readonly<Record<string, Attr<unknown>>>>;

/** A maker whose names are forgotten. */
export type MakeAnyOp = (
  inputs: Readonly<Record<string, unknown>>,
  attrs: Readonly<Record<string, unknown>>,
  name?: string,
) => { readonly op: Operation };

const registry = new Map<string, AnyDef>();

export function register(def: AnyDef): void {
  if (registry.has(def.name)) throw new Error(`Op '${def.name}' is defined twice.`);
  registry.set(def.name, def);
}
export const lookup = (name: string): AnyDef | undefined => registry.get(name);
export const allOps = (): readonly AnyDef[] => [...registry.values()];

// ---- specs --------------------------------------------------------------------------------------------------------

/** A spec, taken apart once. */
export interface Spec {
  /** A dtype, or the attr that holds it (or the list of them). */
  readonly type: string;
  readonly ref: boolean;
  /** 'N' of 'N * T'. */
  readonly count?: string | undefined;
  /** '[T]': one tensor per type in the attr. */
  readonly each: boolean;
}
const parsed = new Map<string, Spec>();
export function parse(spec: string): Spec {
  let found = parsed.get(spec);
  if (!found) {
    const list = /^(.*) \* (.*)$/.exec(spec);
    const each = /^\[(.*)\]$/.exec(spec);
    const one = list?.[2] ?? each?.[1] ?? spec;
    const ref = /^Ref\((.*)\)$/.exec(one);
    found = { type: ref?.[1] ?? one, ref: ref !== null, count: list?.[1], each: each !== null };
    parsed.set(spec, found);
  }
  return found;
}
export const isList = (spec: string): boolean => parse(spec).count !== undefined || parse(spec).each;

/** How many tensors a spec stands for, given the op's attrs. */
export function countOf(spec: string, attrs: Readonly<Record<string, unknown>>): number {
  const { count, each, type } = parse(spec);
  if (count !== undefined) return attrs[count] as number;
  return each ? (attrs[type] as readonly DType[]).length : 1;
}
/** The dtypes a spec stands for. */
export function typesOf(spec: string, attrs: Readonly<Record<string, unknown>>): DType[] {
  const { each, type } = parse(spec);
  if (each) return [...(attrs[type] as readonly DType[])];
  return new Array(countOf(spec, attrs)).fill((attrs[type] ?? type) as DType);
}

/** Groups a flat list by the specs' names. */
export function toBag<T>(
  specs: Args,
  flat: readonly T[],
  attrs: Readonly<Record<string, unknown>>,
): Record<string, T | readonly T[]> {
  const bag: Record<string, T | readonly T[]> = {};
  let at = 0;
  for (const name in specs) {
    const spec = specs[name]!;
    if (isList(spec)) {
      const n = countOf(spec, attrs);
      bag[name] = flat.slice(at, at + n);
      at += n;
    } else bag[name] = flat[at++]!;
  }
  return bag;
}

/** The index of the first tensor of the input (or output) called `name`. */
export function indexOf(specs: Args, name: string, attrs: Readonly<Record<string, unknown>>): number {
  let at = 0;
  for (const key in specs) {
    if (key === name) return at;
    at += countOf(specs[key]!, attrs);
  }
  return -1;
}

/** infer's answer as one shape per output tensor. */
export function flatShapes(
  def: AnyDef,
  attrs: Readonly<Record<string, unknown>>,
  shapes: Readonly<Record<string, unknown>>,
): Shape[] {
  return Object.entries(def.outputs).flatMap(([key, spec]) => {
    const { count, each } = parse(spec);
    const found = shapes[key] as Shape | readonly Shape[];
    if (count === undefined && !each) return [(found ?? null) as Shape];
    const n = typesOf(spec, attrs).length;
    return (found as readonly Shape[] | null | undefined) ?? new Array<Shape>(n).fill(null);
  });
}
