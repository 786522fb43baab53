/** @file Each WebAssembly kernel gives what the op's TypeScript reference gives, for random shapes and values. */
import fc from 'fast-check';
import '../src';
import { type AnyDef, allOps, flatShapes, isList, parse, toBag, typesOf } from '../src/graph/opdef';
import { Slot, VariableSlot } from '../src/kernels/memory';
import { callNow } from '../src/kernels/table';
import { kernelCalls } from '../src/session/run';
import type { DType } from '../src/value/dtype';
import { type Case, type Cells, type Kind, rowOf } from './oracle_cases';

const ODD = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-30, -1e-30, 1, -1];
type Bag = Record<string, Slot | readonly Slot[]>;
const flat = (bag: Bag): Slot[] => Object.values(bag).flat() as Slot[];

function slotOf(
  { shape, dtype = 'float32', cells, positive }: Cells,
  variable: boolean,
  next: () => number,
  odd: boolean,
): Slot {
  const slot = variable ? new VariableSlot(dtype, []) : new Slot(dtype, shape);
  slot.resize(shape);
  if (slot instanceof VariableSlot) slot.ready = true;
  const random = (): number => {
    if (odd && next() < 0.1) return ODD[Math.floor(next() * ODD.length)]!;
    return positive ? 0.01 + 2 * next() : 8 * next() - 4;
  };
  for (let i = 0; i < slot.size; i++) slot.data[i] = cells ? cells[i]! : random();
  return slot;
}

/** All that a kernel works on, made afresh from a seed: the same cells each time. */
function bagsOf(def: AnyDef, { inputs, attrs }: Case, seed: number, odd: boolean) {
  let state = (seed % 2147483646) + 1;
  const next = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  const ins: Bag = {};
  for (const [name, spec] of Object.entries(def.inputs)) {
    const variable = parse(spec).ref || parse(spec).type === 'resource';
    const one = (c: Cells) => slotOf(c, variable, next, odd);
    const given = inputs[name]!;
    ins[name] = isList(spec) ? (given as readonly Cells[]).map(one) : one(given as Cells);
  }
  const found = attrsOf(def, attrs, ins);
  const known = (s: Slot) => {
    const value = s.size <= 64 ? Array.from(s.data, Number) : undefined;
    const handle = { dtype: s.dtype, shape: s.shape };
    return { dtype: s.dtype, shape: s.shape, value, partial: value, handle };
  };
  const facts = Object.fromEntries(
    Object.entries(ins).map(([k, s]) => [k, s instanceof Slot ? known(s) : s.map(known)]),
  );
  const shapes = flatShapes(def, found, def.infer(facts as never, found as never, true) as never);
  const types = Object.values(def.outputs).flatMap((spec) => typesOf(spec, found));
  const outs = shapes.map((shape, i) => {
    const slot = new Slot(types[i] as DType, shape as readonly number[]);
    slot.resize(shape as readonly number[]);
    slot.data.fill((slot.dtype === 'int64' ? 77n : 77) as number);
    return slot;
  });
  const bag = toBag(def.outputs, outs, found) as Bag;
  // What a Ref output refers to is the input's buffer.
  for (const [out, from] of Object.entries(def.alias ?? {}))
    if (parse(def.outputs[out]!).ref) bag[out] = ins[from as string]!;
  return { ins, outs: bag, attrs: found };
}
function attrsOf(def: AnyDef, given: Case['attrs'], ins: Bag): Record<string, unknown> {
  const attrs: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(def.attrs)) {
    attrs[key] =
      given[key] ?? (spec as { default?: unknown }).default ?? (spec.kind === 'type' ? 'float32' : undefined);
  }
  for (const [name, spec] of Object.entries(def.inputs)) {
    const { count, type } = parse(spec);
    const slot = ins[name]!;
    if (count !== undefined) attrs[count] = (slot as readonly Slot[]).length;
    if (type in def.attrs) attrs[type] = flat({ slot })[0]!.dtype;
  }
  return attrs;
}

function near(fast: number, slow: number, slack: number): boolean {
  return Object.is(fast, slow) || fast === slow || Math.abs(fast - slow) <= 1e-6 * Math.abs(slow) + slack;
}
/** Sums in another order differ by what their largest terms are rounded by. */
function slackOf(kind: Kind, ins: Bag, slow: Slot): number {
  if (kind === 'cell') return 1e-7;
  let largest = 0;
  if (kind === 'scaled' && slow.dtype === 'float32')
    for (const v of slow.data) if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  const slots = flat(ins).filter((s) => s.dtype === 'float32');
  const cells = Math.max(...slots.map((s) => s.size), 1);
  return 2e-6 * Math.sqrt(cells) * 16 + 4e-6 * largest;
}
function compare(def: AnyDef, kind: Kind, fast: readonly Slot[], slow: readonly Slot[], ins: Bag): void {
  for (const [i, slot] of slow.entries()) {
    const slack = slackOf(kind, ins, slot);
    const [x, y] = [fast[i]!.data, slot.data];
    for (let k = 0; k < slot.size; k++) {
      if (!near(Number(x[k]), Number(y[k]), slack)) {
        const shapes = flat(ins).map((s) => `[${s.shape}]`);
        throw new Error(
          `${def.name} of ${shapes.join(' ')}, result ${i}, cell ${k}: the kernel says ${x[k]}, the reference ${y[k]}`,
        );
      }
    }
  }
}

/** Whether the kernel applied. */
function check(def: AnyDef, kind: Kind, odd: boolean, seed: number, c: Case): boolean {
  const [fast, slow] = [bagsOf(def, c, seed, odd), bagsOf(def, c, seed, odd)];
  const written = (b: typeof fast) => [...flat(b.outs), ...flat(b.ins)];
  try {
    const calls = kernelCalls({ def, attrs: fast.attrs } as never, { ...fast.ins, ...fast.outs });
    if (!calls) return false;
    for (const call of calls) callNow(call);
    def.reference!({ ...slow.ins, ...slow.outs } as never, slow.attrs as never, {} as never);
    // The inputs too: a kernel must not write to them, other than to the variable that it updates.
    compare(def, kind, written(fast), written(slow), slow.ins);
    inPlace(def, kind, odd, seed, c, slow);
    return true;
  } finally {
    for (const slot of [...written(fast), ...written(slow)]) slot.storage.release();
  }
}
/** The first output in the place of an input, where the definition allows it. */
function inPlace(def: AnyDef, kind: Kind, odd: boolean, seed: number, c: Case, slow: ReturnType<typeof bagsOf>): void {
  const [first] = Object.keys(def.outputs);
  for (const name of def.inplace ?? []) {
    const b = bagsOf(def, c, seed, odd);
    const [out, source] = [flat({ x: b.outs[first!]! })[0]!, flat({ x: b.ins[name as string]! })[0]!];
    if (out.dtype === source.dtype && `${out.shape}` === `${source.shape}` && out.size > 0) {
      out.storage.release();
      out.storage = source.storage;
      const calls = kernelCalls({ def, attrs: b.attrs } as never, { ...b.ins, ...b.outs });
      for (const call of calls ?? []) callNow(call);
      if (calls) compare(def, kind, flat(b.outs), flat(slow.outs), slow.ins);
    }
    for (const slot of [...flat(b.ins), ...flat(b.outs)]) slot.storage.release();
  }
}

const applied = new Set<string>();
const withKernel = allOps().filter((def) => def.kernel);
test.each(withKernel.map((def) => [def.name, def] as const))('%s: the kernel is as the reference', (_, def) => {
  const { kind, cases, odd } = rowOf(def);
  const property = (c: Case, seed: number, oddNow: boolean) => {
    if (check(def, kind, odd && oddNow, seed, c)) applied.add(def.name);
  };
  fc.assert(fc.property(cases, fc.nat(), fc.boolean(), property), { numRuns: 100 });
});

// Some families declare a kernel and bind none for this or that member.
test('kernels were compared', () => {
  expect(applied.size).toBeGreaterThan(60);
  for (const name of [
    'MatMul',
    'Conv2D',
    'FusedBatchNormV3',
    'FusedBatchNormGradV3',
    'Sum',
    'AddV2',
    'ReluGrad',
    'MaxPool',
  ])
    expect(applied).toContain(name);
});
