/** @file Each op's inputs, outputs, attrs and stateful flag are those of TensorFlow 1.15.5's OpDef. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import '../src';
import { type AnyDef, type Attr, allOps, parse } from '../src/graph/opdef';
import { Value } from '../src/value/value';

interface Arg {
  readonly name: string;
  readonly type?: string;
  readonly typeAttr?: string;
  readonly typeListAttr?: string;
  readonly numberAttr?: string;
  readonly isRef?: boolean;
}
interface AttrDef {
  readonly name: string;
  readonly type: string;
  readonly default?: unknown;
}
interface OpDefJson {
  readonly inputs: readonly Arg[];
  readonly outputs: readonly Arg[];
  readonly attrs: readonly AttrDef[];
  readonly stateful: boolean;
  readonly allowsUninitialized: boolean;
}
type Part = 'inputs' | 'outputs' | 'attrs';
interface Change {
  readonly 'only_2.15'?: readonly { readonly name: string }[];
  readonly 'only_1.15'?: readonly { readonly name: string }[];
  readonly 'both(2.15,1.15)'?: Readonly<
    Record<string, readonly [{ readonly name: string }, { readonly name: string }]>
  >;
}
interface Diff {
  readonly missing: readonly string[];
  readonly changed: Readonly<Record<string, Partial<Record<Part, Change>>>>;
}

const SHARED = resolve(process.env.SLUICE_SHARED ?? join(__dirname, '../../shared'));
const FOLDER = join(SHARED, 'opdefs');
const there = existsSync(join(FOLDER, 'opdefs.json'));
const load = <T>(name: string): T => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as T;

/** opdefs.json is of 2.15.1; the diff takes it back. */
function in115(all: Readonly<Record<string, OpDefJson>>, { missing, changed }: Diff): Map<string, OpDefJson> {
  const back = <X extends { readonly name: string }>(list: readonly X[], change: Change = {}): X[] => {
    const gone = new Set(change['only_2.15']?.map((x) => x.name));
    const kept = list.filter((x) => !gone.has(x.name));
    return [
      ...kept.map((x) => (change['both(2.15,1.15)']?.[x.name]?.[1] ?? x) as X),
      ...((change['only_1.15'] ?? []) as X[]),
    ];
  };
  const entries = Object.entries(all).filter(([name]) => !missing.includes(name));
  return new Map(
    entries.map(([name, op]) => {
      const change = changed[name] ?? {};
      const [inputs, outputs] = [back(op.inputs, change.inputs), back(op.outputs, change.outputs)];
      return [name, { ...op, inputs, outputs, attrs: back(op.attrs, change.attrs) }];
    }),
  );
}

/** Ops that the shared dump leaves out, as 1.15.5's own registry prints them. */
const MORE = JSON.parse(readFileSync(join(__dirname, 'data/opdefs.json'), 'utf8')) as Record<string, OpDefJson>;
/** Stateful here only so that it is never taken for a constant: it may be fed. */
const NEVER_CONSTANT = ['PlaceholderWithDefault'];

const DTYPES: Readonly<Record<string, string>> = { half: 'float16', float: 'float32', double: 'float64' };
const dtype = (name: unknown): string => DTYPES[name as string] ?? (name as string);

const theirs = (args: readonly Arg[]) =>
  args.map((a) => ({
    name: a.name,
    type: a.typeAttr ?? a.typeListAttr ?? dtype(a.type),
    count: a.numberAttr,
    each: a.typeListAttr !== undefined,
    ref: a.isRef ?? false,
  }));
const ours = (args: AnyDef['inputs']) =>
  Object.entries(args).map(([name, spec]) => {
    const { type, count, each, ref } = parse(spec);
    return { name, type, count, each, ref };
  });

/** A default as JSON; numbers as the wire's float32. */
function plainDefault(x: unknown): unknown {
  if (x instanceof Value) return 'tensor';
  if (typeof x === 'number') return Math.fround(x);
  return Array.isArray(x) ? x.map(plainDefault) : x;
}
function theirDefault({ type, default: x }: AttrDef): unknown {
  if (type === 'type') return dtype(x);
  return type === 'list(type)' ? (x as unknown[]).map(dtype) : plainDefault(x);
}
const byName = (x: readonly unknown[], y: readonly unknown[]): number => (String(x[0]) < String(y[0]) ? -1 : 1);
const theirAttrs = (attrs: readonly AttrDef[]) =>
  attrs.map((a) => [a.name, a.type, ...('default' in a ? [theirDefault(a)] : [])]).sort(byName);
const ourAttrs = (attrs: Readonly<Record<string, Attr<unknown>>>) =>
  Object.entries(attrs)
    .map(([name, a]) => [
      name,
      a.list ? `list(${a.kind})` : a.kind,
      ...('default' in a ? [plainDefault(a.default)] : []),
    ])
    .sort(byName);

if (!there) {
  test('op definitions', () => {
    console.log(`no op definitions at ${FOLDER} (set SLUICE_SHARED): nothing is compared`);
  });
} else {
  const defs = new Map([...in115(load('opdefs.json'), load('opdefs_diff_1.15.5.json')), ...Object.entries(MORE)]);
  const known = allOps().filter((def) => defs.has(def.name));

  test('all registered ops are among those dumped', () => {
    expect(known.length).toBeGreaterThan(300);
    expect(allOps().flatMap(({ name }) => (defs.has(name) ? [] : [name]))).toEqual([]);
  });

  test.each(known.map((def) => [def.name, def] as const))('%s', (name, def) => {
    const op = defs.get(name)!;
    expect(ours(def.inputs)).toEqual(theirs(op.inputs));
    expect(ours(def.outputs)).toEqual(theirs(op.outputs));
    expect(ourAttrs(def.attrs)).toEqual(theirAttrs(op.attrs));
    if (!NEVER_CONSTANT.includes(name)) expect(def.stateful ?? false).toBe(op.stateful);
    // Of resources this engine marks it too, where TensorFlow leaves it to the kernel.
    const takesRef = op.inputs.some((a) => a.isRef);
    if (takesRef) expect(def.allowsUninitialized ?? false).toBe(op.allowsUninitialized);
  });
}
