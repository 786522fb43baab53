/** @file What happens during a run: blocks of steps, and the few things a step may have to do itself. */
import { GraphError } from '../errors';
import { flatShapes, type Known, type Site, toBag } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { type Slot, VariableSlot } from '../kernels/memory';
import { type Call, callNow, hasKernel } from '../kernels/table';
import { isHost, roundBfloat16, roundFloat16 } from '../value/dtype';
import { isFull, sizeOf } from '../value/shape';

export type Step = () => void;
/** Steps that run only while `live[guard]`; guard 0 is always live. A loop is one step, whose body is a block. */
export type Block = readonly { readonly guard: number; readonly steps: readonly Step[] }[];

/** The op whose step runs now: errors name it. */
export const running: { op: Operation | undefined } = { op: undefined };

export function runBlock(block: Block, live: Uint8Array): void {
  for (let i = 0; i < block.length; i++) {
    const { guard, steps } = block[i]!;
    if (live[guard] === 0) continue;
    for (let k = 0; k < steps.length; k++) steps[k]!();
  }
}

/** Raises for a variable without a value, in TensorFlow's words: the ref ones, those of 1.15's resources and of 2.x's. */
export function checkReady(cell: VariableSlot, variable: Operation): void {
  if (cell.ready) return;
  const { name, def } = variable;
  const at = { op: running.op?.name };
  if (def.source === 'ref')
    throw new GraphError('FailedPrecondition', `Attempting to use uninitialized value ${name}`, at);
  const missing = `Resource localhost/${name}/N10tensorflow3VarE does not exist.`;
  if (running.op?.def.updates !== undefined) throw new GraphError('NotFound', missing, at);
  throw new GraphError(
    'FailedPrecondition',
    `Error while reading resource variable ${name} from Container: localhost. This could mean that the variable was uninitialized. Not found: ${missing} Could not find variable ${name}: run its initializer first.`,
    at,
  );
}

/** Half-width floats are computed in float32 and rounded here. */
export function roundHalf(slot: Slot): void {
  const round = slot.dtype === 'float16' ? roundFloat16 : roundBfloat16;
  const cells = slot.data;
  for (let i = 0; i < cells.length; i++) cells[i] = round(cells[i]!);
}

/** The bound kernel calls of an op whose shapes are known; null where its reference must run. */
export function kernelCalls(
  { def, attrs }: Operation,
  bag: Record<string, Slot | readonly Slot[]>,
): readonly Call[] | null {
  const found = def.kernel?.(bag as never, attrs as never) ?? null;
  if (!found) return null;
  const calls = (typeof found[0] === 'string' ? [found] : found) as readonly Call[];
  return calls.every(([name]) => hasKernel(name)) ? calls : null;
}

/** An op some of whose shapes are known only now. */
export interface LateOp {
  readonly op: Operation;
  readonly bag: Record<string, Slot | readonly Slot[]>;
  readonly ins: readonly Slot[];
  readonly outs: readonly Slot[];
  /** Output and the input whose cells it is. */
  readonly aliases: readonly (readonly [out: Slot, source: Slot])[];
  /** Ref output and the input it refers to, where only the run knows which variable that is. */
  readonly refs: readonly (readonly [out: Slot, source: Slot])[];
  /** Outputs that get room here. */
  readonly resized: readonly boolean[];
  readonly site: Site;
}

/** Infers, makes room, computes. */
export function runLate({ op, bag, ins, outs, aliases, refs, resized, site }: LateOp): void {
  const { def, attrs } = op;
  running.op = op;
  const facts = ins.map((slot, i) => factOf(op.inputs[i]!, slot));
  const shapes = flatShapes(def, attrs, inferNow(op, facts));
  for (const [out, source] of [...aliases, ...refs]) out.storage = source.storage;
  outs.forEach((out, i) => {
    const shape = shapes[i] ?? null;
    if (aliases.some(([a]) => a === out))
      out.shape = isFull(shape) ? shape : aliases.find(([a]) => a === out)![1].shape;
    else if (resized[i] && isFull(shape)) out.resize(shape);
  });
  if (aliases.length > 0 || !def.reference) return;
  const calls = kernelCalls(op, bag);
  if (calls) for (const c of calls) callNow(c);
  else def.reference(bag as never, attrs as never, site);
}

function inferNow(op: Operation, facts: readonly Known[]): Readonly<Record<string, unknown>> {
  try {
    return op.def.infer(toBag(op.def.inputs, facts, op.attrs) as never, op.attrs as never, true);
  } catch (e) {
    if (e instanceof GraphError && e.code === 'Value') throw new GraphError('InvalidArgument', e.atRun ?? e.reason);
    throw e;
  }
}

function factOf(t: Tensor, slot: Slot): Known {
  if (t.dtype === 'resource') {
    const handle = slot instanceof VariableSlot ? { dtype: slot.dtype, shape: slot.shape } : t.handle;
    return { dtype: t.dtype, shape: [], handle };
  }
  let value: readonly number[] | undefined;
  const cells = (): readonly number[] | undefined => {
    if (isHost(t.dtype) || sizeOf(slot.shape) > 4096) return undefined;
    value ??= Array.from(slot.data, Number);
    return value;
  };
  return {
    dtype: t.dtype,
    shape: slot.shape,
    get value() {
      return cells();
    },
    get partial() {
      return cells();
    },
  };
}
