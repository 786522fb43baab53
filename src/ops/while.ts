/** @file tf.whileLoop. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Tensor } from '../graph/operation';
import { refusePromise } from '../graph/scopes';
import { wireName } from '../value/dtype';
import { type Shape, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { constant, identity, type Named } from './array';
import { less, logicalAnd } from './compare';
import { type FlowContext, isLoopConstantEnter, WhileContext } from './contexts';
import { asSlices, enter, exit, loopCond, merge, nextIteration, switchRefOrTensor } from './flow';
import { refIdentity } from './identity';
import { plus } from './operators';
import { checkSameStructure, flatten, isNested, packAs } from './structure';
import { flowOf, type TensorArray, withFlow } from './tensor_array';

/** What a loop makes of one of its variables: numbers and variables become tensors, lists of any length stay. */
export type LoopVar<V> = V extends Tensor | TensorArray | IndexedSlices
  ? V
  : V extends number | bigint | boolean | string | TensorLike
    ? Tensor
    : V extends readonly unknown[]
      ? number extends V['length']
        ? V
        : LoopVars<V>
      : V extends object
        ? LoopVars<V>
        : unknown;
export type LoopVars<V> = { -readonly [K in keyof V]: LoopVar<V[K]> };
/** Called once, when the graph is built, with the loop variables as tensors. */
export type LoopFunction = (...vars: never[]) => unknown;
/** A shape, or lists and objects of shapes nested as the loop variables are. */
export type ShapeInvariants = Shape | readonly ShapeInvariants[] | { readonly [key: string]: ShapeInvariants };
export interface WhileLoopOptions extends Named {
  /** What stays true of the variables' shapes: their first shapes, unless said otherwise here. */
  readonly shapeInvariants?: readonly ShapeInvariants[] | null | undefined;
  /** Rounds run one after the other here; the number goes into the graph all the same. */
  readonly parallelIterations?: number | undefined;
  /** false: gradients do not go through the loop. */
  readonly backProp?: boolean | undefined;
  readonly swapMemory?: boolean | undefined;
  /** An int32 scalar. */
  readonly maximumIterations?: TensorLike | null | undefined;
  /** true: a list even for a single variable. */
  readonly returnSameStructure?: boolean | undefined;
}

type Call = (...vars: unknown[]) => unknown;

/**
 * Repeats `body` while `cond` holds. **Both are called once, now**; they get the loop variables, and
 * `body` answers as many, nested alike. Answers their last values: a list, or for a single variable the variable.
 * Tensors made outside and used inside are evaluated once, before the loop. Raises Type for what is no function, Value
 * where types, numbers or shapes of the variables change.
 * @tensorflow tf.while_loop
 */
export function whileLoop<const V extends readonly [unknown, ...unknown[]]>(
  cond: (...vars: LoopVars<V>) => TensorLike,
  body: (...vars: LoopVars<V>) => unknown,
  loopVars: V,
  options: WhileLoopOptions & { readonly returnSameStructure: true },
): LoopVars<V>;
export function whileLoop<const V extends readonly [unknown, ...unknown[]]>(
  cond: (...vars: LoopVars<V>) => TensorLike,
  body: (...vars: LoopVars<V>) => unknown,
  loopVars: V,
  options?: WhileLoopOptions,
): V['length'] extends 1 ? LoopVar<V[0]> : LoopVars<V>;
export function whileLoop(
  cond: LoopFunction,
  body: LoopFunction,
  loopVars: readonly unknown[],
  options?: WhileLoopOptions,
): unknown;
export function whileLoop(
  cond: LoopFunction,
  body: LoopFunction,
  loopVars: readonly unknown[],
  options: WhileLoopOptions = {},
): unknown {
  const { name = 'while', parallelIterations = 10, backProp, swapMemory, returnSameStructure = false } = options;
  if (typeof cond !== 'function') throw new GraphError('Type', 'cond must be callable.');
  if (typeof body !== 'function') throw new GraphError('Type', 'body must be callable.');
  if (parallelIterations < 1) throw new GraphError('Type', 'parallel_iterations must be a positive integer.');
  if (!Array.isArray(loopVars)) throw new GraphError('Type', `The loop variables must be a list, not ${loopVars}.`);
  const graph = graphOf(flatten(loopVars, true).map(flowOf));
  return graph.asDefault(() =>
    graph.nameScope(name, () => {
      if (loopVars.length === 0) throw new GraphError('Value', 'No loop variables provided');
      const limited = limit({ cond: cond as Call, body: body as Call, loopVars }, options);
      let { shapeInvariants } = options;
      if (shapeInvariants && limited.maximumIterations) shapeInvariants = [[], shapeInvariants];
      const context = new WhileContext({
        maximumIterations: limited.maximumIterations,
        parallelIterations,
        backProp,
        swapMemory,
      });
      const shapes = shapeInvariants ? invariantsOf(limited.loopVars, shapeInvariants) : null;
      if (context.outer === null) graph.addToCollection(GraphKeys.WHILE_CONTEXT, context);
      const result = build(context, limited, shapes, returnSameStructure);
      return limited.maximumIterations ? (result as readonly unknown[])[1] : result;
    }),
  );
}

interface Loop {
  readonly cond: Call;
  readonly body: Call;
  readonly loopVars: readonly unknown[];
}
/** With a maximum of rounds, a counter comes before the variables. */
function limit(loop: Loop, options: WhileLoopOptions): Loop & { readonly maximumIterations: Tensor | null } {
  const { maximumIterations = null, returnSameStructure = false } = options;
  if (maximumIterations === null) return { ...loop, maximumIterations };
  const most = convertToTensor(integers(maximumIterations), { name: 'maximum_iterations' });
  if (most.shape?.length !== 0) {
    throw new GraphError('Value', `maximum_iterations must be a scalar, saw shape: ${tupleShape(most.shape)}`);
  }
  const counter = constant(0, most.dtype, { name: 'iteration_counter' });
  const { cond, body, loopVars } = loop;
  const single = loopVars.length === 1 && !returnSameStructure;
  const spread = (vars: unknown): unknown[] => (single ? [vars] : (vars as unknown[]));
  return {
    cond: (i, vars) => {
      const more = less(i as Tensor, most);
      return logicalAnd(more, refusePromise(cond(...spread(vars)), 'cond') as TensorLike);
    },
    body: (i, vars) => [plus(i as Tensor, 1), refusePromise(body(...spread(vars)), 'body')],
    loopVars: [counter, single ? loopVars[0] : loopVars],
    maximumIterations: most,
  };
}
const integers = (x: TensorLike): TensorLike =>
  isTensorLike(x) || x instanceof Value ? x : Value.from(x as Nested, 'int32');

/** The invariants of the flat loop variables. */
function invariantsOf(vars: unknown, shapes: unknown): Shape[] {
  if (!isNested(vars)) return [shapes as Shape];
  const [mine, theirs] = [vars, shapes] as Record<string, unknown>[] as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  if (!isNested(shapes) || Object.keys(mine).sort().join() !== Object.keys(theirs).sort().join()) {
    throw new GraphError('Value', "shapeInvariants: The two structures don't have the same nested structure.");
  }
  const keys = Array.isArray(vars) ? Object.keys(mine) : Object.keys(mine).sort();
  return keys.flatMap((k) => invariantsOf(mine[k], theirs[k]));
}

/** The tensors of the loop variables, slices as their parts, and the shape invariant of each. */
function flatVariables(loopVars: readonly unknown[], shapes: readonly Shape[] | null): [Tensor[], Shape[]] {
  const converted = flatten(loopVars, true)
    .map(flowOf)
    .map((x) => (x instanceof IndexedSlices ? x : convertToTensor(x as TensorLike)));
  const tensors: Tensor[] = [];
  const invariants: Shape[] = [];
  converted.forEach((x, i) => {
    const shape = shapes?.[i];
    const add = (t: Tensor, s: Shape) => {
      tensors.push(t);
      invariants.push(shape === undefined ? t.shape : s);
    };
    if (x instanceof IndexedSlices) {
      add(x.values, shape ?? null);
      add(x.indices, [shape?.[0] ?? null]);
      if (x.denseShape) add(x.denseShape, [shape?.length ?? null]);
    } else add(x, shape ?? null);
  });
  return [tensors, invariants];
}

function build(context: WhileContext, loop: Loop, shapes: readonly Shape[] | null, sameStructure: boolean): unknown {
  const [variables, invariants] = flatVariables(loop.loopVars, shapes);
  const [result, exits] = context.within(() => buildInside(context, loop, variables, invariants));
  const leaves = flatten(result);
  const packed = packAs(
    result,
    leaves.map((x, i) => withFlow(x, exits[i]!)),
  ) as readonly unknown[];
  return exits.length === 1 && !sameStructure ? packed[0] : packed;
}

function buildInside(
  context: WhileContext,
  { cond, body, loopVars }: Loop,
  variables: readonly Tensor[],
  invariants: readonly Shape[],
): [result: readonly unknown[], exits: Tensor[]] {
  const entered = enterAll(context, variables, invariants);
  know(context, entered);
  context.loopEnters.push(...entered);
  const merged = entered.map((t) => merge([t, t])[0]);
  context.pivotForPred = merged[0]!;

  const leaves = flatten(loopVars);
  const packed = (tensors: readonly Tensor[]) =>
    packAs(
      loopVars,
      tensors.map((t, i) => withFlow(leaves[i], t)),
    ) as unknown[];
  const goesOn = convertToTensor(refusePromise(cond(...packed(merged)), 'cond') as TensorLike);
  context.pivot = loopCond(goesOn, { name: 'LoopCond' });
  const sides = merged.map((t) => switchRefOrTensor(t, context.pivot!));

  const now = sides.map(([, t]) => (t.isRef ? refIdentity(t) : identity(t)));
  context.pivotForBody = now[0]!;
  const forBody = packed(now);
  const given = refusePromise(body(...forBody), 'body');
  const result: readonly unknown[] = Array.isArray(given) ? given : [given];
  checkSameStructure(forBody, result);
  const next = toTensors(result, merged);
  if (next.length !== merged.length) {
    throw new GraphError(
      'Value',
      `Number of inputs and outputs of body must match loop_vars: ${merged.length}, ${next.length}`,
    );
  }
  merged.forEach((t, i) => {
    comeRound(t, next[i]!);
  });
  const exits = sides.map(([t]) => exit(t));
  context.loopExits.push(...exits);
  context.exitResult(exits);
  return [result, exits];
}

function know(context: FlowContext, tensors: readonly Tensor[]): void {
  context.values.clear();
  for (const t of tensors) context.values.add(t.name);
}

function enterAll(context: WhileContext, variables: readonly Tensor[], invariants: readonly Shape[]): Tensor[] {
  const { graph, outer, name, parallelIterations } = context;
  know(context, variables);
  const outside = outer ? variables.map((t) => outer.addValue(t)) : variables;
  const entered = graph.controlDependencies(null, () => {
    const made = outside.map((t) => enter(t, name, { parallelIterations, useInputShape: false }));
    for (const t of made) {
      graph.preventFeeding(t);
      outer?.addInnerOp(t.op);
    }
    return made;
  });
  let pivot: Tensor | null = null;
  for (let at = outer; at && !pivot; at = at.outer) pivot = at.controlPivot;
  for (const { op } of entered) if (pivot && isLoopConstantEnter(op.inputs[0]!.op)) op.addControlInput(pivot.op);
  entered.forEach((t, i) => {
    const [from, invariant] = [outside[i]!, invariants[i]!];
    if (!holdsFor(from.shape, invariant)) {
      throw new GraphError(
        'Value',
        `The shape invariant specified for ${from.name} is not compatible with the initial shape of the loop variable. It enters the loop with shape ${tupleShape(from.shape)}, but the specified shape invariant is ${tupleShape(invariant)}.`,
      );
    }
    t.setShape(invariant);
  });
  context.fixControlInputs(entered);
  return entered;
}

/** Whether `shape` is at least as exact as the invariant. */
function holdsFor(shape: Shape, invariant: Shape): boolean {
  if (invariant === null) return true;
  return shape?.length === invariant.length && invariant.every((d, i) => d === null || d === shape[i]);
}

/** What the body answers as tensors; plain values take the variable's dtype. */
function toTensors(result: readonly unknown[], merged: readonly Tensor[]): Tensor[] {
  const parts = flatten(result, true).flatMap((x) => {
    if (x instanceof IndexedSlices) return flatten(asSlices(x));
    return [flowOf(x)];
  });
  return parts.map((x, i) => {
    if (x === null || x === undefined) throw new GraphError('Value', 'None values not supported.');
    const dtype = isTensorLike(x) ? undefined : merged[i]?.dtype;
    return convertToTensor(x as TensorLike, { dtype });
  });
}

function comeRound(merged: Tensor, value: Tensor): void {
  const next = nextIteration(value);
  if (!holdsFor(next.shape, merged.shape)) {
    const from = merged.op.inputs[0]!.op.inputs[0]!;
    throw new GraphError(
      'Value',
      `Input tensor '${from.name}' enters the loop with shape ${tupleShape(from.shape)}, but has shape ${tupleShape(next.shape)} after one iteration. To allow the shape to vary across iterations, use the \`shape_invariants\` argument of tf.while_loop to specify a less-specific shape.`,
    );
  }
  if (next.dtype !== merged.dtype) {
    throw new GraphError(
      'InvalidArgument',
      `Input 1 of node ${merged.op.name} was passed ${wireName(next.dtype)} from ${next.name} incompatible with expected ${wireName(merged.dtype)}.`,
    );
  }
  merged.op.updateInput(1, next);
}
