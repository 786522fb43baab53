/** @file Which gradient an op has: its definition's, or one that was registered under a name and taken instead. */
import { GraphError } from '../errors';
import { getDefaultGraph } from './graph';
import { countOf, type Grad, isList, toBag } from './opdef';
import type { Operation, Tensor } from './operation';

/** The gradients of an op's inputs, in their order, given those of its outputs; null for none. */
export type GradientRule = (
  op: Operation,
  ...dys: Grad[]
) => Grad | null | undefined | readonly (Grad | null | undefined)[];

const registry = new Map<string, GradientRule>();

/**
 * Registers a gradient under a name for gradientOverrideMap, as the decorator of Python does. Raises Type for a name that is
 * no string, Key for one that is taken.
 * @tensorflow tf.RegisterGradient
 */
export function registerGradient(name: string, rule: GradientRule): GradientRule {
  if (typeof name !== 'string') throw new GraphError('Type', 'op_type must be a string');
  if (registry.has(name)) throw new GraphError('Key', `Registering two gradient with name '${name}'!`);
  registry.set(name, rule);
  return rule;
}

/**
 * While `body` runs, new ops of these types have the gradients registered under these names: `{ Sign: 'Straight' }`.
 * @tensorflow tf.Graph.gradient_override_map
 */
export function gradientOverrideMap<R>(names: Readonly<Record<string, string>>, body: () => R): R {
  const { overrides } = getDefaultGraph();
  const odd = Object.values(names).some((name) => typeof name !== 'string');
  if (typeof names !== 'object' || names === null || odd) {
    throw new GraphError('Type', 'op_type_map must be a dictionary mapping strings to strings');
  }
  const before = new Map(overrides);
  for (const [type, name] of Object.entries(names)) overrides.set(type, name);
  try {
    return body();
  } finally {
    overrides.clear();
    for (const [type, name] of before) overrides.set(type, name);
  }
}

/** What the op names as its gradient: undefined where it is its own. Raises Lookup for a name that nobody registered. */
export function overriding(op: Operation): GradientRule | undefined {
  const name = (op.attrs as Record<string, unknown>)._gradient_op_type;
  if (typeof name !== 'string' || name.startsWith('CustomGradient')) return undefined;
  const rule = registry.get(name);
  if (rule) return rule;
  throw new GraphError('Lookup', `No gradient defined for operation '${op.name}' (op type: ${op.type})`, {
    op: op.name,
  });
}

/** One gradient for each input. Raises Value where a registered rule answers another number of them. */
export function inputGradients(op: Operation, dys: readonly (Grad | null)[]): (Grad | null)[] {
  const rule = overriding(op);
  if (!rule) return ownGradients(op, dys);
  const answer = rule(op, ...(dys as Grad[]));
  const grads = (Array.isArray(answer) ? answer : [answer]) as (Grad | null | undefined)[];
  if (grads.length !== op.inputs.length) {
    throw new GraphError(
      'Value',
      `Num gradients ${grads.length} generated for op name: "${op.name}" do not match num inputs ${op.inputs.length}`,
    );
  }
  return grads.map((g) => g ?? null);
}
function ownGradients(op: Operation, dys: readonly (Grad | null)[]): (Grad | null)[] {
  const { def, attrs, inputs, outputs } = op;
  const bag = { ...toBag(def.inputs, inputs, attrs), ...toBag(def.outputs, outputs, attrs) };
  const rule = def.gradient as (...args: unknown[]) => Record<string, unknown>;
  const found = rule(toBag(def.outputs, dys as Tensor[], attrs), bag, attrs, op);
  return Object.entries(def.inputs).flatMap(([key, spec]) => {
    const g = found[key] ?? null;
    if (!isList(spec)) return [g as Grad | null];
    return (g as (Grad | null)[] | null) ?? new Array<null>(countOf(spec, attrs)).fill(null);
  });
}
