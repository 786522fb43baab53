/** @file The step counter that a graph shares, in the collection GLOBAL_STEP. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { zerosInitializer } from '../ops/initializers';
import { getVariable } from '../ops/variable_scope';
import { ResourceVariable, type Variable } from '../ops/variables';
import { isInteger } from '../value/dtype';
import { tupleShape } from '../value/shape';

/**
 * The graph's step counter, or null. Raises Type where it is no integer scalar.
 * @tensorflow tf.train.get_global_step
 */
export function getGlobalStep(graph: Graph = getDefaultGraph()): Variable | Tensor | null {
  const steps = graph.getCollection<Variable>(GraphKeys.GLOBAL_STEP);
  if (steps.length > 1) throw new GraphError('Type', 'Multiple tensors in global_step collection.');
  const found = steps[0] ?? (graph.findOperation('global_step') ? graph.getTensorByName('global_step:0') : null);
  if (found) assertGlobalStep(found);
  return found;
}

/**
 * Makes the counter: an int64 scalar `global_step`. Raises Value where there is one.
 * @tensorflow tf.train.create_global_step
 */
export function createGlobalStep(graph: Graph = getDefaultGraph()): Variable {
  if (getGlobalStep(graph)) throw new GraphError('Value', '"global_step" already exists.');
  return graph.asDefault(() =>
    graph.nameScope(null, () =>
      getVariable(GraphKeys.GLOBAL_STEP, {
        shape: [],
        dtype: 'int64',
        initializer: zerosInitializer(),
        trainable: false,
        collections: [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
      }),
    ),
  );
}

/** The counter, made where missing. @tensorflow tf.train.get_or_create_global_step */
export const getOrCreateGlobalStep = (graph: Graph = getDefaultGraph()): Variable | Tensor =>
  getGlobalStep(graph) ?? createGlobalStep(graph);

const shown = (step: Variable | Tensor): string => {
  const isRef = step instanceof Tensor ? step.isRef : !(step instanceof ResourceVariable);
  return `<dtype: '${step.dtype}${isRef ? '_ref' : ''}'>`;
};
/** Raises Type where it is no integer scalar. @tensorflow tf.train.assert_global_step */
export function assertGlobalStep(step: Variable | Tensor): void {
  if (!isInteger(step.dtype)) {
    throw new GraphError('Type', `Existing "global_step" does not have integer type: ${shown(step)}`);
  }
  if (step.shape !== null && step.shape.length !== 0) {
    throw new GraphError('Type', `Existing "global_step" is not scalar: ${tupleShape(step.shape)}`);
  }
}
