/** @file Functions of datasets: a JavaScript function is called once, and the ops it makes become a function's body. */
import { GraphError } from '../errors';
import { enclosingLoop } from '../graph/context';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { FunctionGraph, functionsOf, type GraphFunction } from '../graph/functions';
import type { Graph } from '../graph/graph';
import { getDefaultGraph } from '../graph/graph';
import { type Operation, Tensor } from '../graph/operation';
import { refusePromise } from '../graph/scopes';
import { identity } from '../ops/array';
import { flatten, packAs } from '../ops/structure';
import { getVariableScope } from '../ops/variable_scope';
import { Dataset } from './dataset';
import { DatasetSpec, isLikeTensor, type Structure, specsIn, TensorSpec, unfold } from './structure';

// biome-ignore lint/suspicious/noExplicitAny: its parameters are what the elements are
export type ElementFunction = (...args: any[]) => unknown;

/** A function made of a JavaScript one, what it captured, and what it answers. */
export interface Traced {
  readonly fn: GraphFunction;
  readonly captured: readonly Tensor[];
  readonly structure: Structure;
}

let made = 0;
/** Names are unique in a process, and in the graph, which may come from another process. */
function nameFor(graph: Graph, transformation: string, f: ElementFunction): string {
  const base = transformation.replace(/\./g, '_').replace(/\(\)$/, '');
  const own = f.name.replace(/[^\w<>]/g, '_') || '<lambda>';
  let name: string;
  do name = `__inference_${base}_${own}_${made++}`;
  while (functionsOf(graph).has(name));
  return name;
}

/**
 * Calls `f` with placeholders for an element of `input`: lists come as several arguments. Raises Type for answers that are
 * neither tensors nor datasets. The function is not added to the graph yet.
 */
export function trace(f: ElementFunction, transformation: string, input: Structure): Traced {
  if (typeof f !== 'function') throw new GraphError('Type', `${f} is not a callable object`);
  const name = nameFor(getDefaultGraph(), transformation, f);
  const body = new FunctionGraph();
  return body.asDefault(() => {
    const args = specsIn(input).map((spec, i) => argument(body, spec, i));
    const like = packAs(input, args);
    const scope = getVariableScope();
    const useResource = scope.useResource;
    scope.setUseResource(true);
    let outputs: Tensor[];
    let structure: Structure;
    try {
      const found = refusePromise(f(...(Array.isArray(like) ? like : [like])), transformation);
      const answer = Array.isArray(found) ? found.map(unfold) : unfold(found);
      structure = structureOf(answer, transformation);
      const flat = flatten(answer).map((x) => (x instanceof Dataset ? x.variant : convertToTensor(x as TensorLike)));
      outputs = flat.map((t) => identity(t));
    } finally {
      scope.setUseResource(useResource);
    }
    const effects = orderEffects(body.getOperations(), outputs);
    const captured = [...body.captured.keys()];
    const inputs = [...args.map((a) => (a instanceof Dataset ? a.variant : a)), ...body.captured.values()];
    return { fn: { name, body, inputs, outputs, effects, attrs: {}, description: '' }, captured, structure };
  });
}

function argument(body: FunctionGraph, spec: TensorSpec | DatasetSpec, i: number): Tensor | Dataset {
  const [dtype, shape] = spec instanceof TensorSpec ? [spec.dtype, spec.shape] : (['variant', []] as const);
  const t = body.addInput(`args_${i}`, dtype, shape);
  t.op.setAttr('_user_specified_name', `args_${i}`);
  return spec instanceof DatasetSpec ? new Dataset(t, spec.elementSpec) : t;
}

function structureOf(answer: unknown, transformation: string): Structure {
  const specs = flatten(answer).map((x) => {
    if (x instanceof Dataset) return new DatasetSpec(x.elementSpec);
    if (!isLikeTensor(x)) {
      throw new GraphError(
        'Type',
        `Unsupported return value from function passed to ${transformation}: ${x ?? 'None'}.`,
      );
    }
    const t = x instanceof Tensor ? x : convertToTensor(x);
    return new TensorSpec(t.shape, t.dtype);
  });
  return packAs(answer, specs);
}

/** Their numbers may come in any order: nothing waits for them. */
const UNORDERED =
  /^(Random(Uniform|UniformInt|StandardNormal|Shuffle|Gamma|Poisson(V2)?)|(ParameterizedT|T)runcatedNormal|Multinomial)$/;
const hasEffect = (op: Operation): boolean => op.def.stateful === true && !UNORDERED.test(op.type);

/**
 * Ops with effects run in the order they were made, where they share a resource or have none, and all before the outputs
 * are done; as TensorFlow's automatic control dependencies. Answers what must run.
 */
function orderEffects(ops: readonly Operation[], outputs: readonly Tensor[]): Operation[] {
  /** The last user of a resource; null: of none. */
  const last = new Map<Tensor | null, Operation>();
  let mustRun = new Set<Operation>();
  for (const op of ops) {
    if (enclosingLoop(op.context)) continue;
    if (hasEffect(op)) mustRun.add(op);
    if (op.def.flow === 'switch' && op.inputs[0]!.dtype === 'resource') continue;
    if (op.def.flow === 'merge') {
      op.addControlInputs([...mustRun]);
      for (const t of [...mustRun].flatMap((x) => x.inputs)) if (last.has(t)) last.set(t, op);
      mustRun = new Set([op]);
      continue;
    }
    const before = new Set<Operation>();
    const resources = new Set(op.inputs.filter((t) => t.dtype === 'resource'));
    for (const t of resources) {
      const user = last.get(t);
      if (user?.context === op.context) before.add(user);
      last.set(t, op);
    }
    if (hasEffect(op) && resources.size === 0 && op.context === null) {
      const user = last.get(null);
      if (user) before.add(user);
      last.set(null, op);
    }
    op.addControlInputs([...before]);
  }
  for (const { op } of outputs) op.addControlInputs([...mustRun].filter((x) => x.context === op.context));
  return [...mustRun];
}
