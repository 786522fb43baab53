/** @file The learning phase of tf.keras: whether layers that were not told so are training. */
import { GraphError } from '../errors';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { refusePromise } from '../graph/scopes';
import { placeholderWithDefault } from '../ops/array';

const phases = new WeakMap<Graph, Tensor | 0 | 1>();

/**
 * The bool scalar `keras_learning_phase` of the default graph, false unless it is fed, made at the first call; or what
 * setLearningPhase set.
 * @tensorflow tf.keras.backend.learning_phase
 */
export function learningPhase(): Tensor | 0 | 1 {
  const graph = getDefaultGraph();
  const known = phases.get(graph);
  if (known !== undefined) return known;
  const phase = graph.initScope(() =>
    graph.nameScope(null, () => placeholderWithDefault(false, [], { name: 'keras_learning_phase' })),
  );
  phases.set(graph, phase);
  return phase;
}

/**
 * Fixes the learning phase of the default graph: 1 for training, 0 for inference. Raises Value for anything else. Layers
 * that were called before keep what they had.
 * @tensorflow tf.keras.backend.set_learning_phase
 */
export function setLearningPhase(value: 0 | 1 | boolean): void {
  const phase = Number(value);
  if (phase !== 0 && phase !== 1) throw new GraphError('Value', 'Expected learning phase to be 0 or 1.');
  phases.set(getDefaultGraph(), phase);
}

/**
 * Runs `body` with the learning phase fixed, then puts back what was.
 * @tensorflow tf.keras.backend.learning_phase_scope
 */
export function learningPhaseScope<R>(value: 0 | 1 | boolean, body: () => R): R {
  const graph = getDefaultGraph();
  const before = phases.get(graph);
  setLearningPhase(value);
  try {
    return refusePromise(body(), 'learningPhaseScope');
  } finally {
    if (before === undefined) phases.delete(graph);
    else phases.set(graph, before);
  }
}
